-- Judges and applies one batch within one partition (layout version 1): all conditions and all limits first, then every
-- write. What is read here is what core/judge.ts and core/edit.ts say in TypeScript; the suites and the histories hold the
-- two to each other. Packed forms: commit-request.ts and entry-codec.ts.
--
-- KEYS: meta, index, ends, log; with a name also its record and the index of records; the keys of the mutations, one each;
-- the keys to read where a condition fails.
-- ARGV: the head; with a name its fingerprint, its terms, and what its record begins with; then of each mutation its
-- description and its value.
--
-- The first command that writes decides what a server without memory does (it refuses only that one): for a batch that
-- may grow it is one that needs memory, so that nothing is written; for others it is one that frees.

local HEAD_BYTES = 41
local HEAD_FORM = '>BBI8c8I6I6I6I4B'
local TYPE_BYTES_MAX = 255
-- Larger values are written behind their head in a second command: joining them here would copy and hash them.
local JOINED_BYTES_MAX = 65536
local SAFE_MAX = 9007199254740991
local READ_BYTES_MAX = 8388608
local FORM_BYTES, FORM_UNSEEN = 0, 4
local PUT, DELETE, TOUCH, CHECK, ADD, APPEND = 1, 2, 3, 4, 5, 6
local BEFORE, AFTER = 1, 2

local named, count, others, keyAt, nonce = struct.unpack('>BHHHc8', ARGV[1])
local meta, index, ends, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local firstKey = named == 1 and 7 or 5
local firstArg = named == 1 and 5 or 2
local time = redis.call('TIME')
local micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
local kept = redis.call('HMGET', meta, 'revision', 'records', 'recordBytes')
local last = tonumber(kept[1] or '0')
local records = tonumber(kept[2] or '0')
local recordBytes = tonumber(kept[3] or '0')
-- The clock of a partition never runs back: a revision is an instant, or behind the one before.
local now = math.floor(math.max(micros, last) / 1000)
local standing = {}

local function load(key)
  local entry = standing[key]
  if entry then return entry end
  local bytes = redis.call('GETRANGE', key, 0, HEAD_BYTES + TYPE_BYTES_MAX - 1)
  entry = { key = key, member = string.sub(key, keyAt), alive = false, ends = 0 }
  if #bytes >= HEAD_BYTES then
    local _, form, revision, tag, created, modified, endsAt, size, typeBytes = struct.unpack(HEAD_FORM, bytes)
    entry.form, entry.revision, entry.nonce, entry.created, entry.modified = form, revision, tag, created, modified
    entry.ends, entry.size, entry.headBytes = endsAt, size, HEAD_BYTES + typeBytes
    entry.head = string.sub(bytes, 1, entry.headBytes)
    entry.alive = endsAt == 0 or endsAt > now
  end
  standing[key] = entry
  -- Who is to know a form that has not been looked at needs the value, also when the entry is gone by then.
  if entry.alive and entry.form == FORM_UNSEEN then
    entry.value = redis.call('GETRANGE', key, entry.headBytes, -1)
  end
  return entry
end

local function valueOf(entry)
  if entry.value then return entry.value end
  if entry.size == 0 then return '' end
  return redis.call('GETRANGE', entry.key, entry.headBytes, -1)
end

-- An entry as an answer carries it: none, without its value, or with it.
local function shown(head, value)
  if not head then return '\0' end
  if value then return struct.pack('>BI4', 2, #head + #value) .. head .. value end
  return struct.pack('>BI4', 1, #head) .. head
end

-- As shown(), of what stands.
local function shownEntry(entry, wantsValue)
  if not entry.alive then return '\0' end
  return shown(entry.head, wantsValue and valueOf(entry) or entry.value)
end

-- One condition at a place in a description; whether it holds, and where the next begins.
local function judge(entry, text, at)
  local kind, after = struct.unpack('>B', text, at)
  if kind == 1 then return not entry.alive, after end
  if kind == 2 then return entry.alive, after end
  if kind == 4 or kind == 6 then
    local number, behind = struct.unpack('>I8', text, after)
    if kind == 4 then return entry.alive and entry.revision == number, behind end
    return not entry.alive or entry.modified < number + 1000, behind
  end
  local tags, behind = struct.unpack('>H', text, after)
  local found = false
  for _ = 1, tags do
    if entry.alive and string.sub(entry.head, 3, 18) == string.sub(text, behind, behind + 15) then found = true end
    behind = behind + 16
  end
  if kind == 3 then return found, behind end
  return not found, behind
end

local function parse(number)
  local text = ARGV[firstArg + (number - 1) * 2]
  local op, want, form, expiry, onlyNew, instant, conditions, typeBytes, at = struct.unpack('>BBBBBI8BB', text)
  local mutation = { op = op, want = want, form = form, expiry = expiry, onlyNew = onlyNew == 1, instant = instant }
  mutation.type = string.sub(text, at, at + typeBytes - 1)
  mutation.value = ARGV[firstArg + (number - 1) * 2 + 1]
  mutation.entry = load(KEYS[firstKey + number - 1])
  at = at + typeBytes
  mutation.holds = true
  for _ = 1, conditions do
    local holds
    holds, at = judge(mutation.entry, text, at)
    if not holds then mutation.holds = false end
  end
  if op == ADD then
    mutation.delta, mutation.initial, mutation.min, mutation.max = struct.unpack('>dddd', text, at)
  elseif op == APPEND then
    mutation.side, mutation.maxBytes = struct.unpack('>BI4', text, at)
  end
  return mutation
end

-- core/expiry.ts resolveExpiry(); 0 for never.
local function resolve(mutation)
  local entry = mutation.entry
  local before = entry.alive and entry.ends or 0
  if mutation.onlyNew and entry.alive then return before end
  if mutation.expiry == 0 then return 0 end
  if mutation.expiry == 1 then return before end
  if mutation.expiry == 2 then return mutation.instant end
  return math.min(now + mutation.instant, 253402300799999)
end

local function conflicts(mutations)
  local found, bytes, parts = {}, 0, {}
  for number, mutation in ipairs(mutations) do
    if not mutation.holds then
      found[#found + 1] = struct.pack('>H', number - 1) .. shownEntry(mutation.entry)
    end
  end
  if #found == 0 then return nil end
  for number = 1, others do
    local entry = load(KEYS[firstKey + count + number - 1])
    if entry.alive then bytes = bytes + entry.size end
  end
  if bytes > READ_BYTES_MAX then return struct.pack('>BI8', 4, bytes) end
  for number = 1, others do
    local entry = load(KEYS[firstKey + count + number - 1])
    parts[number] = shownEntry(entry, true)
  end
  return struct.pack('>BH', 2, #found) .. table.concat(found) .. table.concat(parts)
end

local function integerOf(entry)
  if entry.size > 17 then return nil end
  local text = valueOf(entry)
  if text ~= '0' and not string.find(text, '^-?[1-9]%d*$') then return nil end
  local number = tonumber(text)
  if math.abs(number) > SAFE_MAX then return nil end
  return number
end

local function refuse(reason, number, entry, value)
  local text = string.format('%.0f', value)
  return struct.pack('>BBHB', 3, reason, number - 1, #text) .. text .. shownEntry(entry)
end

-- What a value is to which text has been added: text stays text, and what is no text stays none. Whether it is JSON is for
-- whoever is shown it to see.
local function joinedForm(entry, append)
  local type = string.lower(string.sub(entry.head, HEAD_BYTES + 1))
  if string.find(type, 'json', 1, true) or entry.form == FORM_UNSEEN then return FORM_UNSEEN end
  if entry.form == FORM_BYTES and append.form == FORM_BYTES then return FORM_UNSEEN end
  if entry.form == FORM_BYTES or append.form == FORM_BYTES then return FORM_BYTES end
  return entry.form
end

-- core/edit.ts workOut(): makes each edit the put that it comes to. Answers what refuses the batch, or nil.
local function workOut(mutations)
  for number, mutation in ipairs(mutations) do
    local entry = mutation.entry
    if mutation.op == ADD then
      local value = mutation.initial
      if entry.alive then value = integerOf(entry) end
      if not value then return refuse(1, number, entry, 0) end
      local sum = value + mutation.delta
      if sum < mutation.min or sum > mutation.max then return refuse(2, number, entry, value) end
      mutation.value = string.format('%.0f', sum)
    elseif mutation.op == APPEND then
      local size = (entry.alive and entry.size or 0) + #mutation.value
      if size > mutation.maxBytes then return refuse(3, number, entry, size) end
      if entry.alive then
        local value = valueOf(entry)
        mutation.value = mutation.side == 0 and mutation.value .. value or value .. mutation.value
      end
    end
    if mutation.op == ADD or mutation.op == APPEND then
      if entry.alive then
        mutation.type = string.sub(entry.head, HEAD_BYTES + 1)
        mutation.form = mutation.op == ADD and entry.form or joinedForm(entry, mutation)
      end
      mutation.isEdit = true
      mutation.op = PUT
    end
  end
  return nil
end

local function readBytes(mutations)
  local sum = 0
  for _, mutation in ipairs(mutations) do
    if mutation.op == CHECK and mutation.want == AFTER then
      local size = mutation.entry.alive and mutation.entry.size or 0
      for _, write in ipairs(mutations) do
        if write.entry == mutation.entry and write.op == PUT then size = #write.value end
        if write.entry == mutation.entry and write.op == DELETE then size = 0 end
      end
      sum = sum + size
    end
  end
  return sum
end

local revision = last
local expired = 0

local function record(kind, member, number)
  redis.call('XADD', log, '*', 'c', struct.pack('>BI8', kind, number) .. member)
end

local function put(mutation)
  local entry, value = mutation.entry, mutation.value
  local endsAt = resolve(mutation)
  local created = entry.alive and entry.created or now
  local head = struct.pack(HEAD_FORM, 1, mutation.form, revision, nonce, created, now, endsAt, #value, #mutation.type)
    .. mutation.type
  if endsAt ~= 0 and endsAt <= now then
    redis.call('UNLINK', entry.key)
  else
    local whole = #value <= JOINED_BYTES_MAX
    local first = whole and head .. value or head
    if endsAt == 0 then
      redis.call('SET', entry.key, first)
    else
      redis.call('SET', entry.key, first, 'PXAT', string.format('%.0f', endsAt))
    end
    if not whole then redis.call('APPEND', entry.key, value) end
  end
  -- An ended entry that still awaits the sweeper is replaced in place; its end is logged first.
  local hasEnded = not entry.alive and redis.call('ZADD', index, 0, entry.member) == 0
  if endsAt ~= 0 then
    if endsAt ~= entry.ends or hasEnded then redis.call('ZADD', ends, string.format('%.0f', endsAt), entry.member) end
  elseif entry.ends ~= 0 or hasEnded then
    redis.call('ZREM', ends, entry.member)
  end
  if hasEnded then
    expired = expired + 1
    record(2, entry.member, revision)
  end
  record(0, entry.member, revision)
  return head
end

local function touch(mutation)
  local entry = mutation.entry
  local endsAt = resolve(mutation)
  local head = string.sub(entry.head, 1, 30) .. struct.pack('>I6', endsAt) .. string.sub(entry.head, 37)
  if endsAt ~= 0 and endsAt <= now then
    redis.call('UNLINK', entry.key)
  elseif endsAt == 0 then
    redis.call('PERSIST', entry.key)
    redis.call('SETRANGE', entry.key, 30, struct.pack('>I6', 0))
  else
    redis.call('PEXPIREAT', entry.key, string.format('%.0f', endsAt))
    redis.call('SETRANGE', entry.key, 30, struct.pack('>I6', endsAt))
  end
  if endsAt == 0 then
    if entry.ends ~= 0 then redis.call('ZREM', ends, entry.member) end
  else
    redis.call('ZADD', ends, string.format('%.0f', endsAt), entry.member)
  end
  record(3, entry.member, entry.revision)
  return head
end

local function delete(entry)
  redis.call('ZREM', index, entry.member)
  if entry.ends ~= 0 then redis.call('ZREM', ends, entry.member) end
  record(1, entry.member, revision)
end

local function apply(mutations)
  local grows, changes = false, false
  for _, mutation in ipairs(mutations) do
    if mutation.op == PUT then grows = true end
    if mutation.op == PUT or (mutation.op == DELETE and mutation.entry.alive) then changes = true end
    mutation.before = shownEntry(mutation.entry, mutation.want == BEFORE)
  end
  if changes then revision = math.max(micros, last + 1) end
  if grows then redis.call('HSET', meta, 'revision', string.format('%.0f', revision)) end
  for _, mutation in ipairs(mutations) do
    if mutation.op == DELETE and mutation.entry.alive then redis.call('UNLINK', mutation.entry.key) end
  end
  for _, mutation in ipairs(mutations) do
    local entry = mutation.entry
    if mutation.op == PUT then
      mutation.head = put(mutation)
    elseif mutation.op == TOUCH then
      mutation.head = entry.alive and touch(mutation) or nil
    elseif mutation.op == DELETE then
      if entry.alive then delete(entry) end
    else
      mutation.head = entry.alive and entry.head or nil
    end
  end
  if changes and not grows then redis.call('HSET', meta, 'revision', string.format('%.0f', revision)) end
end

local function outcomes(mutations)
  standing = {}
  local parts = {}
  for number, mutation in ipairs(mutations) do
    local after
    if mutation.op == PUT then
      local isShown = mutation.isEdit and (mutation.want == AFTER or mutation.form == FORM_UNSEEN)
      after = shown(mutation.head, isShown and mutation.value or nil)
    elseif mutation.want == AFTER then
      after = shownEntry(load(mutation.entry.key), true)
    else
      after = shown(mutation.head, mutation.entry.value)
    end
    parts[number] = mutation.before .. after
  end
  return table.concat(parts)
end

-- The name of the batch: what an earlier one of it did, or room for this one.
if named == 1 then
  local _, ageMs, recordsMax = struct.unpack('>I8I8I8', ARGV[3])
  local earlier = redis.call('GET', KEYS[5])
  if earlier and struct.unpack('>I8', earlier, 33) + ageMs > now then
    if string.sub(earlier, 1, 32) ~= ARGV[2] then return struct.pack('>B', 7) end
    return struct.pack('>B', 6) .. earlier
  end
  if recordBytes >= recordsMax then return struct.pack('>B', 8) end
end

local mutations = {}
for number = 1, count do mutations[number] = parse(number) end
local refusal = conflicts(mutations) or workOut(mutations)
if refusal then return refusal end
local bytes = readBytes(mutations)
if bytes > READ_BYTES_MAX then return struct.pack('>BI8', 4, bytes) end
local writes = false
for _, mutation in ipairs(mutations) do
  if mutation.op ~= CHECK then writes = true end
end
apply(mutations)
local done = struct.pack('>I8I8', revision, now) .. outcomes(mutations)
if named == 1 and writes then
  local askedAt, ageMs = struct.unpack('>I8I8', ARGV[3])
  local text = ARGV[2] .. struct.pack('>I8', askedAt) .. ARGV[4] .. done
  redis.call('SET', KEYS[5], text, 'PXAT', string.format('%.0f', askedAt + ageMs))
  redis.call('ZADD', KEYS[6], string.format('%.0f', askedAt), string.sub(KEYS[5], -64) .. ':' .. #text)
  records = redis.call('HINCRBY', meta, 'records', 1)
  recordBytes = redis.call('HINCRBY', meta, 'recordBytes', #text)
end
return struct.pack('>BI4I4I8H', 1, redis.call('ZCARD', index), records, recordBytes, expired) .. done
