-- Begins every script of the work index. All keys carry one hash tag.
--   stream    entries that were chosen, read by one consumer group
--   waiting   items not chosen yet, all with score 0, sorted as 'store number item'
--   ring      store that has items waiting and its turn in this round to come -> its place
--   later     the same for the next round
--   served    stores that had their turn in this round
--   numbers   the last number given out, for turns and for arrivals
--   members   item -> its entry's id, or '#' and its number while it waits
--   counts    store -> how many of its items are in
--   full      stores that were turned away since they last had room
--   born      the incarnation: set anew whenever content was lost
local stream, waiting, ring, numbers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local members, counts, full, born = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local later, served = KEYS[9], KEYS[10]
local group = 'workers'
local SET_OUT = 1
-- Arguments that `unpack` can surely take, twice over.
local AT_ONCE = 1000

-- How many entries are given to a consumer; nil without a group.
local function pending_entries()
  if redis.call('EXISTS', stream) == 0 then
    return nil
  end
  for _, known in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    if known[2] == group then
      return known[6]
    end
  end
  return nil
end

local function is_whole()
  local left = redis.call('ZCARD', waiting)
  return redis.call('EXISTS', born) == 1
    and redis.call('XLEN', stream) + left == redis.call('HLEN', members)
    and (left == 0 or (redis.call('EXISTS', numbers) == 1 and redis.call('EXISTS', ring, later) > 0))
end

-- After this the group exists, and every member is an entry or waits, and each of these a member.
-- A lost group begins at 0 and hands everything out again; lost keys start a new life.
local function heal(incarnation)
  if not is_whole() then
    redis.call('DEL', unpack(KEYS))
    redis.call('SET', born, incarnation)
  end
  if not pending_entries() then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  end
end

-- An item is 'kind store id'.
local function store_of(item)
  return string.match(item, ' (%S+) ')
end

local function waiting_as(item, number)
  return string.format('%s %016d %s', store_of(item), number, item)
end

-- At most `count` of what a store has waiting, earliest first.
local function waiting_of(store, count)
  return redis.call('ZRANGE', waiting, '[' .. store .. ' ', '(' .. store .. '!', 'BYLEX', 'LIMIT', 0, count)
end

-- A store that has something waiting is to have its turn in this round, or, if it had it, in the next.
local function join(store, place)
  local had_its_turn = redis.call('SISMEMBER', served, store) == 1
  redis.call('ZADD', had_its_turn and later or ring, 'NX', place, store)
end

local function leave(store)
  redis.call('ZREM', ring, store)
  redis.call('ZREM', later, store)
end

-- At most `count` stores whose turn it is, all of one round; begins the next round where this one is over.
local function next_stores(count)
  if redis.call('EXISTS', ring) == 0 then
    redis.call('DEL', served)
    if redis.call('EXISTS', later) == 1 then
      redis.call('RENAME', later, ring)
    end
  end
  local stores, popped = {}, redis.call('ZPOPMIN', ring, count)
  for i = 1, #popped, 2 do
    stores[#stores + 1] = popped[i]
  end
  return stores
end

-- Stores that had their turn and have more are to have the next one in the same order.
local function join_later(stores)
  local number, turns = redis.call('INCRBY', numbers, #stores) - #stores, {}
  for i, store in ipairs(stores) do
    turns[#turns + 1] = number + i
    turns[#turns + 1] = store
  end
  redis.call('ZADD', later, 'NX', unpack(turns))
end

-- The earliest item of each store whose turn it is becomes an entry: at most `count`, all of one round.
-- -> how many had their turn. What they have in common is written at once: it is most of the work.
-- The pure model of this is core/domain/turns.py.
local function choose(count)
  local stores = next_stores(count)
  local chosen, places, staying = {}, {}, {}
  for _, store in ipairs(stores) do
    local first = waiting_of(store, 2)
    if first[1] then
      local item = string.match(first[1], '^%S+ %S+ (.*)$')
      chosen[#chosen + 1] = first[1]
      places[#places + 1] = item
      places[#places + 1] = redis.call('XADD', stream, '*', 'item', item)
    end
    if first[2] then
      staying[#staying + 1] = store
    end
  end
  if #stores > 0 then
    redis.call('SADD', served, unpack(stores))
  end
  if #chosen > 0 then
    redis.call('ZREM', waiting, unpack(chosen))
    redis.call('HSET', members, unpack(places))
  end
  if #staying > 0 then
    join_later(staying)
  end
  return #stores
end

local function unread()
  return redis.call('XLEN', stream) - (pending_entries() or 0)
end

-- Chooses until `count` entries are there that nobody has, as far as items wait.
local function choose_until(count)
  local lacking = count - unread()
  while lacking > 0 do
    local turns = choose(math.min(lacking, AT_ONCE))
    if turns == 0 then
      return
    end
    lacking = lacking - turns
  end
end
