-- ARGV: limit, consumer, incarnation if a new one is needed -> items, now pending for the consumer.
-- A limit of 0 only sets out what wakes the next one who waits.
local limit, found = tonumber(ARGV[1]), {}
heal(ARGV[3])
if limit > 0 then
  choose_until(limit)
  local read = redis.call('XREADGROUP', 'GROUP', group, ARGV[2], 'COUNT', limit, 'STREAMS', stream, '>')
  for _, entry in ipairs(read and read[1][2] or {}) do
    found[#found + 1] = entry[2][2]
  end
end
choose_until(SET_OUT)
return found
