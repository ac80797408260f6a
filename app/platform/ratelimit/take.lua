-- GCRA on one bucket, the twin of budget.take in Go. The key holds the time at
-- which the bucket is full, in microseconds of the Redis clock, and expires
-- then. Every number is a whole one below 2^53.
-- KEYS: bucket. ARGV: interval and capacity (microseconds), need and want (tokens).
-- Returns tokens given, debt, wait (microseconds).
local interval, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local need, want = tonumber(ARGV[3]), tonumber(ARGV[4])

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
local debt = math.min(math.max(full - now, 0), capacity)

local free = math.floor((capacity - debt) / interval)
if free < need then
  return {0, debt, debt + need * interval - capacity}
end
local given = math.min(want, free)
debt = debt + given * interval
redis.call('SET', KEYS[1], string.format('%.0f', now + debt), 'PX', math.ceil(debt / 1000))
return {given, debt, 0}
