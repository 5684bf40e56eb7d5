-- Counts the live entries of one partition (layout version 1) between two bounds, at one instant.
--
-- KEYS: meta, index, ends. ARGV: bounds as ZLEXCOUNT takes them; whether they hold every key ("1"); names read at most.
-- Answers the number, and the names that have ended and await the sweeper, for the caller to leave out: names are not
-- compared here, as Lua compares strings by the locale. With every key they are counted here and none is answered.

local meta, index, ends = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local last = tonumber(redis.call('HGET', meta, 'revision') or '0')
local now = string.format('%.0f', math.floor(math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), last) / 1000))
if ARGV[3] == '1' then return { redis.call('ZCARD', index) - redis.call('ZCOUNT', ends, '-inf', now), {} } end
local ended = redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, tonumber(ARGV[4]))
return { redis.call('ZLEXCOUNT', index, ARGV[1], ARGV[2]), ended }
