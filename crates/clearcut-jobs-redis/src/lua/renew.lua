-- id, token, lease, and a percentage and a message or nothing -> 'yes', 'cancelled' or 'lost'
local id, token, lease_ms, percent, message = argument(1), argument(2), argument(3), argument(4), argument(5)
local job = redis.call('HMGET', job_key(id), 'token', 'state', 'priority', 'entry')
local state, line, entry = job[2], job[3], job[4]
if job[1] ~= token then return 'lost' end
if state == 'cancelled' then return 'cancelled' end
local until_us = entry and redis.call('ZSCORE', leases(line), entry)
if state ~= 'running' or not until_us or tonumber(until_us) <= now then return 'lost' end
insist()
redis.call('ZADD', leases(line), now + lease_ms * 1000, entry)
if percent then
  local progress = cjson.encode({progress = tonumber(percent), message = message, updated_at = now_ms})
  redis.call('SET', progress_key(id), progress, 'PX', options.progress_ttl)
  redis.call('HSET', job_key(id), 'updated_at', now_ms)
end
return 'yes'
