-- ARGV: how few items of a store mean room, items… -> stores that were full and now have room.
-- Acknowledged entries are deleted too: XACK alone would keep them for ever.
local room = tonumber(ARGV[1])
local gone, entries, stores, fewer, relieved = {}, {}, {}, {}, {}

local function note(item, store)
  gone[#gone + 1] = item
  if not fewer[store] then
    stores[#stores + 1] = store
  end
  fewer[store] = (fewer[store] or 0) + 1
end

local function no_longer_waits(item, store, number)
  redis.call('ZREM', waiting, waiting_as(item, number))
  if #waiting_of(store, 1) == 0 then
    leave(store)
  end
end

local seen = {}
for i, place in ipairs(redis.call('HMGET', members, unpack(ARGV, 2))) do
  local item = ARGV[i + 1]
  if place and not seen[item] then
    seen[item] = true
    local store = store_of(item)
    note(item, store)
    if string.sub(place, 1, 1) == '#' then
      no_longer_waits(item, store, tonumber(string.sub(place, 2)))
    else
      entries[#entries + 1] = place
    end
  end
end
if #entries > 0 then
  redis.call('XACK', stream, group, unpack(entries))
  redis.call('XDEL', stream, unpack(entries))
end
if #gone > 0 then
  redis.call('HDEL', members, unpack(gone))
end
local any_is_full = redis.call('EXISTS', full) == 1
for _, store in ipairs(stores) do
  local left = redis.call('HINCRBY', counts, store, -fewer[store])
  if left <= 0 then
    redis.call('HDEL', counts, store)
  end
  if any_is_full and left <= room and redis.call('SREM', full, store) == 1 then
    relieved[#relieved + 1] = store
  end
end
choose_until(SET_OUT)
return relieved
