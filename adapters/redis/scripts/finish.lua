-- ARGV: how few items of a store mean room, items… -> stores that were full and now have room.
-- Acknowledged entries are deleted too: XACK alone would keep them for ever.
local room, relieved = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local item = ARGV[i]
  local entry = redis.call('HGET', members, item)
  if entry then
    redis.call('XACK', stream, group, entry)
    redis.call('XDEL', stream, entry)
    redis.call('HDEL', members, item)
    local store = store_of(item)
    local left = redis.call('HINCRBY', counts, store, -1)
    if left <= 0 then
      redis.call('HDEL', counts, store)
    end
    if left <= room and redis.call('SREM', full, store) == 1 then
      relieved[#relieved + 1] = store
    end
  end
end
return relieved
