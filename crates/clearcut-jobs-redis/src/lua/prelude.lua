-- Stands before every script. KEYS[1] is what all names begin with: it puts them in one slot of a cluster. ARGV begins
-- with the options; durations are in milliseconds. Scores are microseconds, which Lua's numbers hold until 2255.
local base = KEYS[1]
local options = {}
local names = {
  'max_queued', 'max_attempts', 'backoff', 'max_backoff', 'progress_ttl', 'result_ttl', 'batch_ttl', 'awaiting_ttl',
  'max_dead',
}
for i, name in ipairs(names) do options[name] = tonumber(ARGV[i]) end
local function argument(i) return ARGV[#names + i] end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local now_ms = math.floor(now / 1000)

local delayed, awaiting, dead = base .. ':delayed', base .. ':awaiting', base .. ':dead'
local function job_key(id) return base .. ':job:' .. id end
local function progress_key(id) return base .. ':job:' .. id .. ':progress' end
local function batch_keys(batch) return base .. ':batch:' .. batch, base .. ':batch:' .. batch .. ':counts' end
local function stream(line) return base .. ':stream:' .. line end
local function leases(line) return base .. ':leases:' .. line end

local function whole(number) return string.format('%.0f', number) end
-- As the lower bound of a range of scores, itself excluded.
local function beyond(score) return '(' .. whole(score) end

-- A Redis without room refuses a script's first write if that needs room, and no later one. What calls this first is
-- about jobs that were accepted: it goes on, and so the queue empties.
local function insist() redis.call('DEL', base .. ':nothing') end

-- Tells those who wait that there is something to look at.
local function ring() redis.call('PUBLISH', base .. ':wake', '') end

local function keep_batch(list, counts)
  redis.call('PEXPIRE', list, options.batch_ttl)
  redis.call('PEXPIRE', counts, options.batch_ttl)
end

local function count_in_batch(batch, field, by)
  if not batch then return end
  local list, counts = batch_keys(batch)
  if redis.call('EXISTS', list) == 0 then return end
  redis.call('HINCRBY', counts, field, by)
  keep_batch(list, counts)
end

-- Puts a job at the end of its line.
local function line_up(id, line)
  local entry = redis.call('XADD', stream(line), '*', 'job', id)
  redis.call('HSET', job_key(id), 'entry', entry)
end

-- Takes an entry out of its line, whether somebody holds it or not.
local function leave_line(line, entry)
  redis.call('XACK', stream(line), 'workers', entry)
  redis.call('XDEL', stream(line), entry)
  redis.call('ZREM', leases(line), entry)
end

-- Notes how a job ended; it is known for so long.
local function finish(id, state, batch, ...)
  redis.call('HSET', job_key(id), 'state', state, 'updated_at', now_ms, ...)
  redis.call('HDEL', job_key(id), 'entry')
  redis.call('PEXPIRE', job_key(id), options.result_ttl)
  count_in_batch(batch, state == 'done' and 'done' or 'failed', 1)
end

-- Ends a job as a dead letter.
local function die(id, batch, code, reason)
  finish(id, 'failed', batch, 'failure_code', code, 'failure_reason', reason)
  redis.call('HDEL', job_key(id), 'token')
  redis.call('ZADD', dead, now, id)
  redis.call('ZREMRANGEBYSCORE', dead, '-inf', now - options.result_ttl * 1000)
  redis.call('ZREMRANGEBYRANK', dead, 0, -1 - options.max_dead)
end

-- Forgets jobs whose pictures never came: some at a time, which is more than one call can add.
local function forget_unuploaded()
  local last = now - options.awaiting_ttl * 1000
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', awaiting, '-inf', last, 'LIMIT', 0, 100)) do
    count_in_batch(redis.call('HGET', job_key(id), 'batch'), 'failed', 1)
    redis.call('DEL', job_key(id), progress_key(id))
    redis.call('ZREM', awaiting, id)
  end
end

-- All that is known of a job, as names and values; nothing if it is not known.
local function record(id)
  local fields = redis.call('HGETALL', job_key(id))
  if #fields == 0 then return fields end
  local job = {}
  for i = 1, #fields, 2 do job[fields[i]] = fields[i + 1] end
  if job.state == 'awaiting_upload' then
    local since = redis.call('ZSCORE', awaiting, id)
    if not since or since + options.awaiting_ttl * 1000 <= now then return {} end
  elseif job.state == 'running' then
    local until_us = redis.call('ZSCORE', leases(job.priority), job.entry or '')
    -- Its lease has ended: it waits for the next that asks.
    if not until_us or tonumber(until_us) <= now then job.state = 'queued' end
  end
  job.id = id
  job.progress = redis.call('GET', progress_key(id)) or nil
  local reply = {}
  for name, value in pairs(job) do
    reply[#reply + 1] = name
    reply[#reply + 1] = value
  end
  return reply
end

