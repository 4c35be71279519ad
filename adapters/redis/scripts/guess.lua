-- One guess; the same arithmetic as core/domain/guessing.py, on the server's clock.
-- KEYS[1] hash: count, free_at. ARGV: free, first, longest, quiet -> wait, pause, now (as text: all are doubles).
local free, first, longest, quiet = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local MOST_DOUBLINGS = 30

local time = redis.call('TIME')
local now = (tonumber(time[1]) * 1000000 + tonumber(time[2])) / 1000000
local function text(number)
  return string.format('%.17g', number)
end

local known = redis.call('HMGET', KEYS[1], 'count', 'free_at', 'forgotten_at')
local count, free_at, forgotten_at = tonumber(known[1] or 0), tonumber(known[2] or 0), tonumber(known[3] or 0)
if now < free_at then
  return {text(free_at - now), '0', text(now)}
end
count = now >= forgotten_at and 1 or count + 1
local pause = 0.0
if count >= free then
  pause = math.min(longest, first * 2.0 ^ math.min(count - free, MOST_DOUBLINGS))
end
redis.call('HSET', KEYS[1], 'count', count, 'free_at', text(now + pause), 'forgotten_at', text(now + pause + quiet))
redis.call('PEXPIRE', KEYS[1], math.max(1, math.ceil((pause + quiet) * 1000)))
return {'0', text(pause), text(now)}
