-- ARGV: window, incarnation if a new one is needed, items… -> how many were added.
local window, added = tonumber(ARGV[1]), 0
heal(ARGV[2])
local number = redis.call('INCRBY', numbers, #ARGV) - #ARGV
for i = 3, #ARGV do
  local item = ARGV[i]
  if redis.call('HEXISTS', members, item) == 0 then
    local store = store_of(item)
    if tonumber(redis.call('HGET', counts, store) or 0) < window then
      number = number + 1
      redis.call('ZADD', waiting, 0, waiting_as(item, number))
      join(store, number)
      redis.call('HSET', members, item, '#' .. string.format('%d', number))
      redis.call('HINCRBY', counts, store, 1)
      added = added + 1
    else
      redis.call('SADD', full, store)
    end
  end
end
choose_until(SET_OUT)
return added
