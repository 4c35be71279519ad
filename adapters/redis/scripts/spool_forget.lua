-- KEYS: entries, sizes. ARGV: entries… What another process forgot already is not counted down twice.
for i = 1, #ARGV do
  local found = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
  if found[1] then
    local fields = found[1][2]
    redis.call('DECRBY', KEYS[2], #fields[4] + #fields[6])
    redis.call('XDEL', KEYS[1], ARGV[i])
  end
end
if redis.call('XLEN', KEYS[1]) == 0 then
  redis.call('DEL', KEYS[1], KEYS[2])
end
return true
