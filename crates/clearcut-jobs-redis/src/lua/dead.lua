-- limit -> records, latest first
local since = beyond(now - options.result_ttl * 1000)
local records = {}
for _, id in ipairs(redis.call('ZREVRANGEBYSCORE', dead, '+inf', since, 'LIMIT', 0, argument(1))) do
  local known = record(id)
  if #known > 0 then records[#records + 1] = known end
end
return records
