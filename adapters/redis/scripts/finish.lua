-- ARGV: how few items of a store mean room, items… -> stores that were full and now have room.
-- Acknowledged entries are deleted too: XACK alone would keep them for ever.
local room, relieved = tonumber(ARGV[1]), {}
for i = 2, #ARGV do
  local item = ARGV[i]
  local place = redis.call('HGET', members, item)
  if place then
    local store = store_of(item)
    if string.sub(place, 1, 1) == '#' then
      redis.call('ZREM', waiting, waiting_as(item, tonumber(string.sub(place, 2))))
      if #waiting_of(store, 1) == 0 then
        leave(store)
      end
    else
      redis.call('XACK', stream, group, place)
      redis.call('XDEL', stream, place)
    end
    redis.call('HDEL', members, item)
    local left = redis.call('HINCRBY', counts, store, -1)
    if left <= 0 then
      redis.call('HDEL', counts, store)
    end
    if left <= room and redis.call('SREM', full, store) == 1 then
      relieved[#relieved + 1] = store
    end
  end
end
choose_until(SET_OUT)
return relieved
