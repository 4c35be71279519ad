-- ARGV: limit, consumer, incarnation if a new one is needed -> items, now pending for the consumer.
-- Sets out what wakes the next one who waits; a limit of 0 does no more than that.
local limit, found = tonumber(ARGV[1]), {}
heal(ARGV[3])
choose_until(limit + SET_OUT)
if limit > 0 then
  local read = redis.call('XREADGROUP', 'GROUP', group, ARGV[2], 'COUNT', limit, 'STREAMS', stream, '>')
  for _, entry in ipairs(read and read[1][2] or {}) do
    found[#found + 1] = entry[2][2]
  end
end
return found
