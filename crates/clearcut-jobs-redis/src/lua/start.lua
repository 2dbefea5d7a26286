-- id -> 1 if it was waiting for its picture
local id = argument(1)
insist()
forget_unuploaded()
local since = redis.call('ZSCORE', awaiting, id)
if not since or since + options.awaiting_ttl * 1000 <= now then return 0 end
local line = redis.call('HGET', job_key(id), 'priority')
if not line then
  redis.call('ZREM', awaiting, id)
  return 0
end
line_up(id, line)
redis.call('HSET', job_key(id), 'state', 'queued', 'updated_at', now_ms)
redis.call('ZREM', awaiting, id)
ring()
return 1
