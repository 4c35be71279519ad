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

-- Begins the next round where this one is over.
local function next_store()
  if redis.call('EXISTS', ring) == 0 then
    redis.call('DEL', served)
    if redis.call('EXISTS', later) == 1 then
      redis.call('RENAME', later, ring)
    end
  end
  return redis.call('ZPOPMIN', ring)[1]
end

-- The earliest item of the store whose turn it is becomes an entry.
-- The pure model of this is core/domain/turns.py.
local function choose()
  local store = next_store()
  if not store then
    return false
  end
  redis.call('SADD', served, store)
  local first = waiting_of(store, 2)
  if first[1] then
    local item = string.match(first[1], '^%S+ %S+ (.*)$')
    redis.call('ZREM', waiting, first[1])
    redis.call('HSET', members, item, redis.call('XADD', stream, '*', 'item', item))
  end
  if first[2] then
    join(store, redis.call('INCR', numbers))
  end
  return true
end

local function unread()
  return redis.call('XLEN', stream) - (pending_entries() or 0)
end

-- Chooses until `count` entries are there that nobody has, as far as items wait.
local function choose_until(count)
  for _ = 1, count - unread() do
    if not choose() then
      return
    end
  end
end
