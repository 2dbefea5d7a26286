-- -> interactive, batch, delayed, running, awaiting, dead
local running, lines = 0, {}
for i, line in ipairs({'interactive', 'batch'}) do
  local held = redis.call('ZCOUNT', leases(line), beyond(now), '+inf')
  running = running + held
  lines[i] = whole(redis.call('XLEN', stream(line)) - held)
end
return {
  lines[1],
  lines[2],
  whole(redis.call('ZCARD', delayed)),
  whole(running),
  whole(redis.call('ZCOUNT', awaiting, beyond(now - options.awaiting_ttl * 1000), '+inf')),
  whole(redis.call('ZCOUNT', dead, beyond(now - options.result_ttl * 1000), '+inf')),
}
