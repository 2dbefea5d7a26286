-- id, first, limit -> total, done, failed, and ids; nothing if it is not known
local list, counts = batch_keys(argument(1))
local first, limit = tonumber(argument(2)), tonumber(argument(3))
local total = redis.call('LLEN', list)
if total == 0 then return {} end
local ended = redis.call('HMGET', counts, 'done', 'failed')
local reply = {whole(total), ended[1] or '0', ended[2] or '0'}
if limit > 0 then
  for _, id in ipairs(redis.call('LRANGE', list, first, first + limit - 1)) do reply[#reply + 1] = id end
end
return reply
