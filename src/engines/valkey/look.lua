-- What a round of upkeep has to know of one partition (layout version 1), in one answer; writes nothing.
--
-- KEYS: meta, index, ends, log, the index of records. ARGV: names answered at most; changes to keep, ms to keep them; ms to keep
-- records. Answers entries, revision, records and their bytes as text; whether there is something to trim; names that are due.

local meta, index, ends, log, records = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local kept = redis.call('HMGET', meta, 'revision', 'records', 'recordBytes')
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now = math.floor(micros / 1000)
-- What has ended is judged by the clock of the partition, which may be ahead (commit.lua); ages are not.
local partitionNow = math.floor(math.max(micros, tonumber(kept[1] or '0')) / 1000)
local function number(value) return string.format('%.0f', value) end

local trims = redis.call('XLEN', log) > tonumber(ARGV[2])
if not trims and now > tonumber(ARGV[3]) then
  trims = #redis.call('XRANGE', log, '-', '(' .. number(now - tonumber(ARGV[3])), 'COUNT', 1) > 0
end
if not trims then trims = redis.call('ZCOUNT', records, '-inf', number(now - tonumber(ARGV[4]))) > 0 end
local due = redis.call('ZRANGEBYSCORE', ends, '-inf', number(partitionNow), 'LIMIT', 0, tonumber(ARGV[1]))
return { redis.call('ZCARD', index), kept[1] or '0', kept[2] or '0', kept[3] or '0', trims and 1 or 0, due }
