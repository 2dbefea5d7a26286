-- id or nothing for all, most of them in one call -> how many were put in line, how many were looked at
local one, limit = argument(1), argument(2)
local since = now - options.result_ttl * 1000
local ids
if one == '' then
  ids = redis.call('ZRANGEBYSCORE', dead, beyond(since), '+inf', 'LIMIT', 0, limit)
else
  local died = redis.call('ZSCORE', dead, one)
  ids = died and tonumber(died) > since and {one} or {}
end
insist()
local redriven = 0
for _, id in ipairs(ids) do
  local job = redis.call('HMGET', job_key(id), 'state', 'priority', 'batch')
  if job[1] == 'failed' then
    line_up(id, job[2])
    redis.call('HSET', job_key(id), 'state', 'queued', 'attempts', 0, 'updated_at', now_ms)
    redis.call('PERSIST', job_key(id))
    count_in_batch(job[3], 'failed', -1)
    redriven = redriven + 1
    ring()
  end
  redis.call('ZREM', dead, id)
end
return {whole(redriven), whole(#ids)}
