-- lease, code and reason for jobs that were claimed too often
--   -> 'job', id, token, payload, line, batch or nothing, attempt
--    | 'none', milliseconds until something is due, or nothing
local lease_ms, code, reason = argument(1), argument(2), argument(3)
-- How much is put right in one call: the server does nothing else meanwhile.
local AT_ONCE = 100

insist()
forget_unuploaded()
for _, id in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, AT_ONCE)) do
  local line = redis.call('HGET', job_key(id), 'priority')
  if line then line_up(id, line) end
  redis.call('ZREM', delayed, id)
end

local function first_lapsed(line)
  return redis.call('ZRANGEBYSCORE', leases(line), '-inf', now, 'LIMIT', 0, 1)[1]
end

-- The next entry that the group has not seen. The group is made where there is none: at the first claim, and after
-- Redis lost its memory.
local function read(line)
  local command = {'XREADGROUP', 'GROUP', 'workers', 'worker', 'COUNT', 1, 'STREAMS', stream(line), '>'}
  local reply = redis.pcall(unpack(command))
  if reply and reply.err and string.find(reply.err, 'NOGROUP', 1, true) then
    redis.call('XGROUP', 'CREATE', stream(line), 'workers', '0')
    reply = redis.call(unpack(command))
  end
  if reply and reply.err then error(reply.err) end
  return reply and reply[1][2][1][1]
end

-- Leases that have ended, for entries that the group gave out and nobody holds: somebody removed their leases by hand.
local function adopt(line)
  local count = 1 + redis.call('ZCARD', leases(line))
  for _, pending in ipairs(redis.call('XPENDING', stream(line), 'workers', '-', '+', count)) do
    redis.call('ZADD', leases(line), 'NX', 0, pending[1])
  end
  return first_lapsed(line)
end

local function first_new(line)
  -- Every entry that was given out has its lease, so the rest are new.
  while redis.call('XLEN', stream(line)) > redis.call('ZCARD', leases(line)) do
    local entry = read(line)
    if not entry then return adopt(line) end
    -- A group that was made anew sees entries that are in somebody's hands.
    if not redis.call('ZSCORE', leases(line), entry) then return entry end
  end
end

local function hand_out(line, entry)
  local found = redis.call('XRANGE', stream(line), entry, entry)[1]
  local id = found and found[2][2]
  local job = id and redis.call('HMGET', job_key(id), 'entry', 'payload', 'attempts', 'batch') or {}
  if job[1] ~= entry then
    leave_line(line, entry)
    return
  end
  local payload, attempt, batch = job[2], job[3] + 1, job[4]
  if attempt > options.max_attempts then
    die(id, batch, code, reason)
    leave_line(line, entry)
    return
  end
  local token = whole(now) .. '-' .. redis.call('INCR', base .. ':claims')
  redis.call('HSET', job_key(id), 'state', 'running', 'attempts', attempt, 'token', token, 'updated_at', now_ms)
  redis.call('ZADD', leases(line), now + lease_ms * 1000, entry)
  return {'job', id, token, payload, line, batch or '', whole(attempt)}
end

for _, line in ipairs({'interactive', 'batch'}) do
  for dropped = 0, AT_ONCE do
    local entry = first_lapsed(line) or first_new(line)
    local claim = entry and hand_out(line, entry)
    if claim then return claim end
    if not entry then break end
    if dropped == AT_ONCE then return {'none', '0'} end
  end
end

local due
for _, key in ipairs({delayed, leases('interactive'), leases('batch')}) do
  local score = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
  if score and (not due or score < due) then due = score end
end
return {'none', due and whole(math.ceil(math.max(due - now, 0) / 1000)) or ''}
