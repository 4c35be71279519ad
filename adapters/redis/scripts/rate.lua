-- One store's allowance at Zid, or one visitor's here; the same arithmetic as core/domain/rate.py, on the server's clock.
-- KEYS[1] hash: level, at, trust, closed_until; credit and due of each class.
-- ARGV: 'take' class | 'learn' retry_after or '', then requests per minute and at once at most
-- -> wait, now (as text: both are doubles).
local verb, argument, per_minute, MOST_BURST = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local SHARES = {0.3, 0.5, 0.2}
local LONGEST_RETRY_AFTER, LOWERED, LEAST_TRUST, RECOVERY = 120.0, 0.7, 0.2, 300.0
local UNNAMED_PAUSE, MOST_AHEAD, LEAST_BURST, GRACE = 60.0, 4.0, 6.0, 0.05
local NEVER, SHORTEST_WAIT = -1e9, 0.001

local time = redis.call('TIME')
local now = (tonumber(time[1]) * 1000000 + tonumber(time[2])) / 1000000
local rate = per_minute / 60.0
local burst = math.max(LEAST_BURST, math.min(MOST_BURST, per_minute / 4.0))

local FIELDS = {
  'level', 'at', 'trust', 'closed_until', 'credit_0', 'credit_1', 'credit_2', 'due_0', 'due_1', 'due_2'
}
local most_credit = {}
for class = 1, 3 do
  most_credit[class] = math.max(1.0, burst * SHARES[class])
end

local function read()
  local kept = redis.call('HMGET', KEYS[1], unpack(FIELDS))
  for i = 1, #FIELDS do
    if not kept[i] then
      return {
        level = burst, at = now, trust = 1.0, closed_until = 0.0,
        credits = {most_credit[1], most_credit[2], most_credit[3]}, due = {NEVER, NEVER, NEVER}
      }
    end
    kept[i] = tonumber(kept[i])
  end
  return {
    level = kept[1], at = kept[2], trust = kept[3], closed_until = kept[4],
    credits = {kept[5], kept[6], kept[7]}, due = {kept[8], kept[9], kept[10]}
  }
end

local function bring_to_now(bucket)
  bucket.closed_until = math.min(bucket.closed_until, now + LONGEST_RETRY_AFTER)
  local elapsed = math.max(0.0, now - math.max(bucket.at, bucket.closed_until))
  local flowed = elapsed * (rate * bucket.trust)
  for class = 1, 3 do
    bucket.credits[class] = math.min(most_credit[class], bucket.credits[class] + flowed * SHARES[class])
  end
  bucket.level = math.min(burst, bucket.level + flowed)
  bucket.at = now
  bucket.trust = math.min(1.0, bucket.trust + elapsed / RECOVERY)
end

-- How far a class is behind with its guarantee; 0 beyond it.
local function behind(bucket, class)
  local saved = bucket.credits[class]
  return saved >= 1.0 and saved / most_credit[class] or 0.0
end

local function comes_before(bucket, one, other)
  local ours, theirs = behind(bucket, one), behind(bucket, other)
  if ours ~= theirs then
    return ours > theirs
  end
  return one < other
end

local function better_waiting(bucket, class)
  local late, waiting = GRACE + 1.0 / (rate * bucket.trust), 0
  for other = 1, 3 do
    if comes_before(bucket, other, class) and now <= bucket.due[other] + late then
      waiting = waiting + 1
    end
  end
  return waiting
end

local function take(bucket, class)
  local need = 1.0 + better_waiting(bucket, class)
  if now >= bucket.closed_until and bucket.level >= need then
    bucket.level = bucket.level - 1.0
    if bucket.credits[class] >= 1.0 then
      bucket.credits[class] = bucket.credits[class] - 1.0
    end
    return 0.0
  end
  local pace = rate * bucket.trust
  local soonest = math.max(now, bucket.closed_until) + math.max(0.0, need - bucket.level) / pace
  local next_due = math.min(bucket.due[class] + 1.0 / pace, soonest + MOST_AHEAD / pace)
  bucket.due[class] = math.max(soonest, next_due)
  return math.max(SHORTEST_WAIT, bucket.due[class] - now)
end

local function learn(bucket, retry_after)
  if now >= bucket.closed_until then
    bucket.trust = math.max(LEAST_TRUST, bucket.trust * LOWERED)
  end
  local pause = UNNAMED_PAUSE * (1.0 - bucket.trust)
  if retry_after and retry_after >= 0 then
    pause = math.min(retry_after, LONGEST_RETRY_AFTER)
  end
  bucket.level = math.min(bucket.level, 1.0)
  bucket.closed_until = math.max(bucket.closed_until, now + pause)
  return 0.0
end

-- Forgotten when nothing is left to remember, so that a quiet store costs nothing.
local function keep(bucket)
  local slowest = rate * LEAST_TRUST
  local closed = math.max(0.0, bucket.closed_until - bucket.at)
  local settled = closed + math.max(burst / slowest, RECOVERY * (1.0 - bucket.trust)) + MOST_AHEAD / slowest
  local values = {
    bucket.level, bucket.at, bucket.trust, bucket.closed_until,
    bucket.credits[1], bucket.credits[2], bucket.credits[3], bucket.due[1], bucket.due[2], bucket.due[3]
  }
  local pairs_ = {}
  for i = 1, #FIELDS do
    pairs_[#pairs_ + 1] = FIELDS[i]
    pairs_[#pairs_ + 1] = string.format('%.17g', values[i])
  end
  redis.call('HSET', KEYS[1], unpack(pairs_))
  redis.call('PEXPIRE', KEYS[1], math.ceil(settled * 1000))
end

local bucket = read()
bring_to_now(bucket)
local wait
if verb == 'take' then
  wait = take(bucket, tonumber(argument) + 1)
else
  wait = learn(bucket, tonumber(argument))
end
keep(bucket)
return {string.format('%.17g', wait), string.format('%.17g', now)}
