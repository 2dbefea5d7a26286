-- limit -> ids
insist()
forget_unuploaded()
local since = beyond(now - options.awaiting_ttl * 1000)
return redis.call('ZRANGEBYSCORE', awaiting, since, '+inf', 'LIMIT', 0, argument(1))
