-- id, payload, line, batch or nothing, 'now' or 'when_uploaded' -> 'accepted', 'known' or 'full'
local id, payload, line, batch, start = argument(1), argument(2), argument(3), argument(4), argument(5)
forget_unuploaded()
if redis.call('EXISTS', job_key(id)) == 1 then return 'known' end
local bounded = redis.call('XLEN', stream('interactive')) + redis.call('XLEN', stream('batch'))
  + redis.call('ZCARD', delayed) + redis.call('ZCARD', awaiting)
if bounded >= options.max_queued then return 'full' end

local state = start == 'now' and 'queued' or 'awaiting_upload'
redis.call('HSET', job_key(id), 'state', state, 'payload', payload, 'priority', line, 'attempts', 0, 'updated_at', now_ms)
redis.call('DEL', progress_key(id))
if batch ~= '' then
  redis.call('HSET', job_key(id), 'batch', batch)
  local list, counts = batch_keys(batch)
  redis.call('RPUSH', list, id)
  keep_batch(list, counts)
end
if start == 'now' then
  line_up(id, line)
  ring()
else
  redis.call('ZADD', awaiting, now, id)
end
return 'accepted'
