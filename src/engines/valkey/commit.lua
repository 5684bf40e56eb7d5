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
--
-- Each run makes every function anew that it comes past, which for all of this took a quarter of the time of a put. So what
-- most batches do without stands in blocks, and only what they need in functions.
--
-- Numbers go to commands as they are: the server writes those below 2^53 out in full, which tostring() does not.

local HEAD_BYTES = 41
local HEAD_FORM = '>BBI8c8I6I6I6I4B'
local TYPE_BYTES_MAX = 255
-- Larger values are written behind their head in a second command: joining them here would copy and hash them.
local JOINED_BYTES_MAX = 65536
local SAFE_MAX = 9007199254740991
local READ_BYTES_MAX = 8388608
local LATEST_INSTANT = 253402300799999
local FORM_BYTES, FORM_UNSEEN = 0, 4
local PUT, DELETE, TOUCH, CHECK, ADD, APPEND = 1, 2, 3, 4, 5, 6
local BEFORE, AFTER = 1, 2

local call, pack, unpack, sub = redis.call, struct.pack, struct.unpack, string.sub
local flags, count, others, keyAt, nonce = unpack('>BHHHc8', ARGV[1])
local named = flags % 2
local meta, index, ends, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local firstKey, firstArg = 5, 2
if named == 1 then firstKey, firstArg = 7, 5 end
local time = call('TIME')
local micros = time[1] * 1000000 + time[2]
local last = tonumber(call('HGET', meta, 'revision') or '0')
-- Who asks has seen revisions of this partition: somebody has emptied it.
if flags >= 2 and last == 0 then return pack('>B', 10) end
-- The clock of a partition never runs back: a revision is an instant, or behind the one before.
local now = math.floor((micros > last and micros or last) / 1000)

-- The name of the batch: what an earlier one of it did, or room for this one.
if named == 1 then
  local _, ageMs, recordsMax = unpack('>I8I8I8', ARGV[3])
  local earlier = call('GET', KEYS[5])
  if earlier and unpack('>I8', earlier, 33) + ageMs > now then
    if sub(earlier, 1, 32) ~= ARGV[2] then return pack('>B', 7) end
    -- A write that changes nothing and needs no memory: replicas are asked to confirm what this connection has written,
    -- and another one may have written the record.
    call('PEXPIREAT', KEYS[5], unpack('>I8', earlier, 33) + ageMs)
    return pack('>B', 6) .. earlier
  end
  if tonumber(call('HGET', meta, 'recordBytes') or '0') >= recordsMax then return pack('>B', 8) end
end

local standing = {}
-- Bytes of values that are sent along (as they were before, and as they are) though nobody asks for them, as it takes them
-- to know their form.
local unseenLeft = READ_BYTES_MAX

local function load(key)
  local entry = standing[key]
  if entry then return entry end
  local bytes = call('GETRANGE', key, 0, HEAD_BYTES + TYPE_BYTES_MAX - 1)
  if #bytes == 0 then
    entry = { key = key, member = sub(key, keyAt), alive = false, ends = 0 }
  elseif #bytes < HEAD_BYTES or string.byte(bytes) ~= 1 then
    -- Not as it was written. It may be replaced or deleted by whoever does not ask to see it.
    entry = {
      key = key, member = sub(key, keyAt), alive = true, isDamaged = true, ends = 1, form = FORM_BYTES, revision = 0,
      created = now, modified = now, size = 0, headBytes = 0,
    }
  else
    local _, form, revision, _, created, modified, endsAt, size, typeBytes = unpack(HEAD_FORM, bytes)
    local headBytes = HEAD_BYTES + typeBytes
    entry = {
      key = key, member = sub(key, keyAt), alive = endsAt == 0 or endsAt > now, ends = endsAt, form = form,
      revision = revision, created = created, modified = modified, size = size, headBytes = headBytes,
      head = sub(bytes, 1, headBytes), value = nil,
    }
    -- Who is to know a form that has not been looked at needs the value, also when the entry is gone by then. Beyond the
    -- bound the form is left unknown: else a batch could make the server send all that its keys hold.
    if entry.alive and form == FORM_UNSEEN and size <= unseenLeft then
      unseenLeft = unseenLeft - size
      entry.value = call('GETRANGE', key, headBytes, -1)
    end
  end
  standing[key] = entry
  return entry
end

local function valueOf(entry)
  if entry.value then return entry.value end
  if entry.size == 0 then return '' end
  return call('GETRANGE', entry.key, entry.headBytes, -1)
end

-- An entry as an answer carries it: none, without its value, or with it.
local function shown(head, value)
  if not head then return '\0' end
  if value then return pack('>BI4', 2, #head + #value) .. head .. value end
  return pack('>BI4', 1, #head) .. head
end

local function record(kind, member, number)
  call('XADD', log, '*', 'c', pack('>BI8', kind, number) .. member)
end

-- core/expiry.ts resolveExpiry(); 0 for never.
local function resolve(mutation)
  local entry, expiry = mutation.entry, mutation.expiry
  if mutation.onlyNew and entry.alive then return entry.ends end
  if expiry == 0 then return 0 end
  if expiry == 1 then return entry.alive and entry.ends or 0 end
  if expiry == 2 then return mutation.instant end
  return math.min(now + mutation.instant, LATEST_INSTANT)
end

-- Reads what is asked and what stands, and judges it (core/condition.ts).
local mutations = {}
local refused, edits, reads, grows, changes, writes = false, false, false, false, false, false
for number = 1, count do
  local place = firstArg + (number - 1) * 2
  local text = ARGV[place]
  local op, want, form, expiry, onlyNew, instant, conditions, typeBytes, at = unpack('>BBBBBI8BB', text)
  local entry = load(KEYS[firstKey + number - 1])
  local mutation = {
    op = op, want = want, form = form, expiry = expiry, onlyNew = onlyNew == 1, instant = instant, entry = entry,
    type = sub(text, at, at + typeBytes - 1), value = ARGV[place + 1], holds = true, isEdit = false, before = nil,
    head = nil,
  }
  mutations[number] = mutation
  at = at + typeBytes
  for _ = 1, conditions do
    local kind = unpack('>B', text, at)
    at = at + 1
    local holds
    if kind == 1 then
      holds = not entry.alive
    elseif kind == 2 then
      holds = entry.alive
    elseif kind == 4 or kind == 6 or kind == 7 then
      local given = unpack('>I8', text, at)
      at = at + 8
      if kind == 4 then
        holds = entry.alive and entry.revision == given
      elseif kind == 7 then
        -- 0 for never, on both sides.
        holds = entry.alive and entry.ends == given
      else
        holds = not entry.alive or entry.modified < given + 1000
      end
    else
      local tags = unpack('>H', text, at)
      at = at + 2
      local isOne = false
      for _ = 1, tags do
        if entry.alive and entry.head and sub(entry.head, 3, 18) == sub(text, at, at + 15) then isOne = true end
        at = at + 16
      end
      holds = isOne == (kind == 3)
    end
    if not holds then
      mutation.holds = false
      refused = true
    end
  end
  if op == ADD or op == APPEND then
    edits = true
    mutation.isEdit = true
    if op == ADD then
      mutation.delta, mutation.initial, mutation.min, mutation.max = unpack('>dddd', text, at)
    else
      mutation.side, mutation.maxBytes = unpack('>BI4', text, at)
    end
  end
  if entry.isDamaged and (want == BEFORE or mutation.isEdit or op == TOUCH or op == CHECK) then
    return pack('>BH', 9, number - 1)
  end
  if op == PUT or edits then grows = true end
  if op == PUT or edits or (op == DELETE and entry.alive) then changes = true end
  if op ~= CHECK then
    writes = true
  elseif want == AFTER then
    reads = true
  end
end

if refused then
  local found, bytes, parts = {}, 0, {}
  for number, mutation in ipairs(mutations) do
    local entry = mutation.entry
    if not mutation.holds then
      found[#found + 1] = pack('>H', number - 1) .. shown(entry.alive and entry.head, entry.value)
    end
  end
  for number = 1, others do
    local entry = load(KEYS[firstKey + count + number - 1])
    if entry.isDamaged then return pack('>BH', 9, count + number - 1) end
    if entry.alive then bytes = bytes + entry.size end
  end
  if bytes > READ_BYTES_MAX then return pack('>BI8', 4, bytes) end
  for number = 1, others do
    local entry = load(KEYS[firstKey + count + number - 1])
    parts[number] = shown(entry.alive and entry.head, entry.alive and valueOf(entry))
  end
  return pack('>BH', 2, #found) .. table.concat(found) .. table.concat(parts)
end

-- core/edit.ts workOut(): makes each edit the put that it comes to.
if edits then
  local function refusal(reason, number, entry, value)
    local text = string.format('%.0f', value)
    return pack('>BBHB', 3, reason, number - 1, #text) .. text .. shown(entry.alive and entry.head, entry.value)
  end
  for number, mutation in ipairs(mutations) do
    local entry = mutation.entry
    if mutation.op == ADD then
      local value = mutation.initial
      if entry.alive then
        local text = entry.size <= 17 and valueOf(entry) or ''
        local isInteger = text == '0' or string.find(text, '^%-?[1-9]%d*$')
        if not isInteger or math.abs(tonumber(text)) > SAFE_MAX then return refusal(1, number, entry, 0) end
        value = tonumber(text)
      end
      -- Of two minus zeros the sum is one, and would be written so.
      local sum = value + mutation.delta + 0
      if sum < mutation.min or sum > mutation.max then return refusal(2, number, entry, value) end
      mutation.value = string.format('%.0f', sum)
      -- A number under the type that it had is of the form that it was of.
      if entry.alive then mutation.form = entry.form end
    elseif mutation.op == APPEND then
      local size = (entry.alive and entry.size or 0) + #mutation.value
      if size > mutation.maxBytes then return refusal(3, number, entry, size) end
      if entry.alive then
        local value = valueOf(entry)
        mutation.value = mutation.side == 0 and mutation.value .. value or value .. mutation.value
        -- Text stays text, and what is no text stays none. Whether it is JSON is for whoever is shown it to see
        -- (core/media-type.ts isJsonType()).
        local essence = string.match(string.lower(sub(entry.head, HEAD_BYTES + 1)), '^[^;]*[^; ]') or ''
        if entry.form == FORM_UNSEEN or essence == 'application/json' or sub(essence, -5) == '+json' then
          mutation.form = FORM_UNSEEN
        elseif entry.form == FORM_BYTES then
          mutation.form = mutation.form == FORM_BYTES and FORM_UNSEEN or FORM_BYTES
        elseif mutation.form ~= FORM_BYTES then
          mutation.form = entry.form
        end
      end
    end
    if mutation.isEdit then
      if entry.alive then mutation.type = sub(entry.head, HEAD_BYTES + 1) end
      mutation.op = PUT
    end
  end
end

-- core/judge.ts requireReadable().
if reads then
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
  if sum > READ_BYTES_MAX then return pack('>BI8', 4, sum) end
end

local revision, expired, isCounted = last, 0, false
if changes then revision = micros > last and micros or last + 1 end
for number = 1, count do
  local mutation = mutations[number]
  local entry = mutation.entry
  mutation.before = shown(entry.alive and entry.head, mutation.want == BEFORE and entry.alive and valueOf(entry) or entry.value)
end
if grows then
  call('HSET', meta, 'revision', revision)
elseif changes then
  for _, mutation in ipairs(mutations) do
    if mutation.op == DELETE and mutation.entry.alive then call('UNLINK', mutation.entry.key) end
  end
  call('HSET', meta, 'revision', revision)
end

for number = 1, count do
  local mutation = mutations[number]
  local entry, op = mutation.entry, mutation.op
  if op == PUT then
    local value = mutation.value
    local endsAt = resolve(mutation)
    local created = entry.alive and entry.created or now
    local head = pack(HEAD_FORM, 1, mutation.form, revision, nonce, created, now, endsAt, #value, #mutation.type)
      .. mutation.type
    mutation.head = head
    if endsAt ~= 0 and endsAt <= now then
      call('UNLINK', entry.key)
    else
      local isJoined = #value <= JOINED_BYTES_MAX
      if endsAt == 0 then
        call('SET', entry.key, isJoined and head .. value or head)
      else
        call('SET', entry.key, isJoined and head .. value or head, 'PXAT', endsAt)
      end
      if not isJoined then call('APPEND', entry.key, value) end
    end
    -- An ended entry that still awaits the sweeper is replaced in place; its end is logged first.
    local hasEnded = false
    if not entry.alive then
      hasEnded = call('ZADD', index, 0, entry.member) == 0
      isCounted = true
    end
    if endsAt ~= 0 then
      if endsAt ~= entry.ends or hasEnded then call('ZADD', ends, endsAt, entry.member) end
    elseif entry.ends ~= 0 or hasEnded then
      call('ZREM', ends, entry.member)
    end
    if hasEnded then
      expired = expired + 1
      record(2, entry.member, revision)
    end
    record(0, entry.member, revision)
  elseif op == TOUCH and entry.alive then
    local endsAt = resolve(mutation)
    local packed = pack('>I6', endsAt)
    mutation.head = sub(entry.head, 1, 30) .. packed .. sub(entry.head, 37)
    if endsAt ~= 0 and endsAt <= now then
      call('UNLINK', entry.key)
    else
      -- First what needs no memory.
      if endsAt == 0 then
        call('PERSIST', entry.key)
      else
        call('PEXPIREAT', entry.key, endsAt)
      end
      call('SETRANGE', entry.key, 30, packed)
    end
    if endsAt ~= 0 then
      call('ZADD', ends, endsAt, entry.member)
    elseif entry.ends ~= 0 then
      call('ZREM', ends, entry.member)
    end
    record(3, entry.member, entry.revision)
  elseif op == DELETE and entry.alive then
    call('UNLINK', entry.key)
    call('ZREM', index, entry.member)
    if entry.ends ~= 0 then call('ZREM', ends, entry.member) end
    isCounted = true
    record(1, entry.member, revision)
  elseif op == CHECK and entry.alive then
    mutation.head = entry.head
  end
end

-- The outcomes, of the state that the whole batch has left.
standing = {}
local parts = {}
for number = 1, count do
  local mutation = mutations[number]
  local after
  if mutation.op == PUT then
    local isShown = mutation.isEdit and mutation.want == AFTER
    if mutation.isEdit and mutation.form == FORM_UNSEEN and #mutation.value <= unseenLeft then
      unseenLeft = unseenLeft - #mutation.value
      isShown = true
    end
    after = shown(mutation.head, isShown and mutation.value or nil)
  elseif mutation.want == AFTER then
    local entry = load(mutation.entry.key)
    after = shown(entry.alive and entry.head, entry.alive and valueOf(entry) or nil)
  else
    after = shown(mutation.head, mutation.entry.value)
  end
  parts[number] = mutation.before .. after
end
local outcomes = table.concat(parts)

-- 2^32 - 1 for what has not changed.
local entries, records, recordBytes = 4294967295, 4294967295, 0
if isCounted then entries = call('ZCARD', index) end
if named == 1 and writes then
  local askedAt, ageMs = unpack('>I8I8', ARGV[3])
  local text = ARGV[2] .. pack('>I8', askedAt) .. ARGV[4] .. pack('>I8I8', revision, now) .. outcomes
  call('SET', KEYS[5], text, 'PXAT', askedAt + ageMs)
  -- A forgotten record of this name, as long as this one, may still stand in the index: then it is counted there already.
  local isNew = call('ZADD', KEYS[6], askedAt, sub(KEYS[5], -64) .. ':' .. #text)
  records = call('HINCRBY', meta, 'records', isNew)
  recordBytes = call('HINCRBY', meta, 'recordBytes', isNew * #text)
end
return pack('>BI4I4I8HI8I8', 1, entries, records, recordBytes, expired, revision, now) .. outcomes
