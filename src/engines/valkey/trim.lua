-- Upkeep of one partition (layout version 1) beside its entries: drops what the change log holds too much or too long, and
-- what has been kept of named writes long enough. Notes the id of the last change dropped: by it a reader whose place is
-- gone is told from one who has read everything.
--
-- KEYS: meta, log, the index of records. ARGV: changes to keep, ms to keep them, changes dropped at most; ms to keep records.

local meta, log, records = KEYS[1], KEYS[2], KEYS[3]
local keep, ageMs, most, recordAgeMs = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = math.floor(tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000)

local function number(text) return string.format('%.0f', text) end

local function drop(changes)
  local lastId = changes[#changes] and changes[#changes][1]
  if not lastId then return 0 end
  local ms, sequence = string.match(lastId, '^(%d+)%-(%d+)$')
  local dropped = redis.call('XTRIM', log, 'MINID', '=', ms .. '-' .. number(tonumber(sequence) + 1))
  redis.call('HSET', meta, 'trimmed', lastId)
  return dropped
end

local excess = math.min(redis.call('XLEN', log) - keep, most)
local dropped = 0
if excess > 0 then dropped = drop(redis.call('XRANGE', log, '-', '+', 'COUNT', excess)) end
if dropped < most and now > ageMs then
  dropped = dropped + drop(redis.call('XRANGE', log, '-', '(' .. number(now - ageMs), 'COUNT', most - dropped))
end

local old = redis.call('ZRANGEBYSCORE', records, '-inf', number(now - recordAgeMs), 'LIMIT', 0, most)
local bytes = 0
for _, member in ipairs(old) do
  redis.call('ZREM', records, member)
  bytes = bytes + tonumber(string.match(member, ':(%d+)$'))
end
if #old > 0 then
  redis.call('HINCRBY', meta, 'records', -#old)
  redis.call('HINCRBY', meta, 'recordBytes', -bytes)
end
return { dropped, #old }
