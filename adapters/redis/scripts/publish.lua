-- ARGV: window, incarnation if a new one is needed, items… -> how many were added.
local window, added = tonumber(ARGV[1]), 0
heal(ARGV[2])
for i = 3, #ARGV do
  local item = ARGV[i]
  if redis.call('HEXISTS', members, item) == 0 then
    local store = store_of(item)
    if tonumber(redis.call('HGET', counts, store) or 0) < window then
      redis.call('HSET', members, item, redis.call('XADD', stream, '*', 'item', item))
      redis.call('HINCRBY', counts, store, 1)
      added = added + 1
    else
      redis.call('SADD', full, store)
    end
  end
end
return added
