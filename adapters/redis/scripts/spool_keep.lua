-- KEYS: entries, sizes. ARGV: most bytes, data key's id, data key, sealed delivery -> the entry, or false when full.
-- The bound and the entry are one step, or many processes would pass it together.
local size = #ARGV[3] + #ARGV[4]
local used = tonumber(redis.call('GET', KEYS[2]) or '0')
if used + size > tonumber(ARGV[1]) then
  return false
end
redis.call('INCRBY', KEYS[2], size)
return redis.call('XADD', KEYS[1], '*', 'key_id', ARGV[2], 'key', ARGV[3], 'sealed', ARGV[4])
