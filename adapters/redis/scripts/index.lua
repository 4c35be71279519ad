-- Begins every script of the work index. All keys carry one hash tag.
--   stream    one entry per item, read by one consumer group
--   members   item -> its entry's id
--   counts    store -> how many of its items are in
--   full      stores that were turned away since they last had room
--   born      the incarnation: set anew whenever content was lost
local stream, members, counts, full, born = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local group = 'workers'

local function has_group()
  if redis.call('EXISTS', stream) == 0 then
    return false
  end
  for _, known in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    if known[2] == group then
      return true
    end
  end
  return false
end

-- After this the group exists, and every entry is a member and every member an entry.
-- A lost group begins at 0 and hands everything out again; lost keys start a new life.
local function heal(incarnation)
  local whole = redis.call('EXISTS', born) == 1
    and redis.call('XLEN', stream) == redis.call('HLEN', members)
  if not whole then
    redis.call('DEL', stream, members, counts, full)
    redis.call('SET', born, incarnation)
  end
  if not has_group() then
    redis.call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
  end
end

-- An item is 'kind store id'.
local function store_of(item)
  return string.match(item, ' (%S+) ')
end
