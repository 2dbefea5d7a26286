-- id, token, and 'done', result | 'failed', code, reason | 'retry', code, reason | 'give_back' -> 1 if it was held
local id, token, settlement = argument(1), argument(2), argument(3)
local job = redis.call('HMGET', job_key(id), 'token', 'state', 'priority', 'entry', 'batch', 'attempts')
local state, line, entry, batch, attempts = job[2], job[3], job[4], job[5], tonumber(job[6])
if job[1] ~= token then return 0 end
if state == 'cancelled' then
  redis.call('HDEL', job_key(id), 'token')
  return 1
end
local until_us = entry and redis.call('ZSCORE', leases(line), entry)
if state ~= 'running' or not until_us or tonumber(until_us) <= now then return 0 end
insist()

if settlement == 'give_back' then
  -- It keeps its entry, with a lease that has ended: so it is the first in its line.
  redis.call('HSET', job_key(id), 'state', 'queued', 'attempts', math.max(attempts - 1, 0), 'updated_at', now_ms)
  redis.call('ZADD', leases(line), 0, entry)
  redis.call('HDEL', job_key(id), 'token')
  ring()
  return 1
end
if settlement == 'done' then
  finish(id, 'done', batch, 'result', argument(4))
  redis.call('HDEL', job_key(id), 'token', 'failure_code', 'failure_reason')
elseif settlement == 'failed' then
  finish(id, 'failed', batch, 'failure_code', argument(4), 'failure_reason', argument(5))
  redis.call('HDEL', job_key(id), 'token')
elseif attempts >= options.max_attempts then
  die(id, batch, argument(4), argument(5))
else
  local pause = math.min(options.backoff * 2 ^ (attempts - 1), options.max_backoff)
  redis.call('HSET', job_key(id), 'state', 'queued', 'updated_at', now_ms,
    'failure_code', argument(4), 'failure_reason', argument(5))
  redis.call('HDEL', job_key(id), 'token', 'entry')
  redis.call('ZADD', delayed, now + pause * 1000, id)
  -- Whoever waits learns when this is due.
  ring()
end
leave_line(line, entry)
return 1
