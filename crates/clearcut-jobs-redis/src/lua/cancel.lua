-- id -> the state that it had, or nothing
local id = argument(1)
insist()
forget_unuploaded()
local job = redis.call('HMGET', job_key(id), 'state', 'priority', 'entry', 'batch')
local state, line, entry, batch = job[1], job[2], job[3], job[4]
if not state then return '' end
if state == 'done' or state == 'failed' or state == 'cancelled' then return state end
-- The token stays, so that the worker hears of it.
finish(id, 'cancelled', batch)
if entry then leave_line(line, entry) end
redis.call('ZREM', delayed, id)
redis.call('ZREM', awaiting, id)
return state
