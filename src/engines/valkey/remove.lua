-- Removes entries of one partition (layout version 1): those of a deletion that are alive, or of a sweep that have ended.
-- All of one call share a revision. Each first command frees memory, so that it works on a server that has none left.
--
-- KEYS: meta, index, ends, log; then the keys of the entries. ARGV: "delete" or "expire", where in a key its name begins.

local HEAD_BYTES = 41
local HEAD_FORM = '>BBI8c8I6I6I6I4B'
local meta, index, ends, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local expires = ARGV[1] == 'expire'
local keyAt = tonumber(ARGV[2])
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = tonumber(redis.call('HGET', meta, 'revision') or '0')
local now = math.floor(math.max(micros, last) / 1000)
local revision = math.max(micros, last + 1)
local removed = 0

for number = 5, #KEYS do
  local key = KEYS[number]
  local member = string.sub(key, keyAt)
  local bytes = redis.call('GETRANGE', key, 0, HEAD_BYTES - 1)
  local endsAt = 0
  -- What is not as it was written has no end, and can be deleted.
  if #bytes == HEAD_BYTES and string.byte(bytes) == 1 then
    local _, _, _, _, _, _, found = struct.unpack(HEAD_FORM, bytes)
    endsAt = found
  end
  local alive = #bytes > 0 and (endsAt == 0 or endsAt > now)
  if expires then
    local score = redis.call('ZSCORE', ends, member)
    -- Another server may have been here, or the entry been written anew.
    if score and not alive and tonumber(score) <= now then
      removed = removed + 1
      redis.call('UNLINK', key)
      redis.call('ZREM', index, member)
      redis.call('ZREM', ends, member)
      redis.call('XADD', log, '*', 'c', struct.pack('>BI8', 2, revision) .. member)
    end
  elseif alive then
    removed = removed + 1
    redis.call('UNLINK', key)
    redis.call('ZREM', index, member)
    redis.call('ZREM', ends, member)
    redis.call('XADD', log, '*', 'c', struct.pack('>BI8', 1, revision) .. member)
  end
end
if removed > 0 then
  redis.call('HSET', meta, 'revision', string.format('%.0f', revision))
  last = revision
end
return struct.pack('>I4I8I8I4', removed, last, now, redis.call('ZCARD', index))
