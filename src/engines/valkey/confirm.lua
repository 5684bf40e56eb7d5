-- Writes once more when a record ends, as it stands (layout version 1): a write that changes nothing, for replicas to
-- confirm. Who has it confirmed has all confirmed that was written before, by whichever connection.
--
-- KEYS: a record. It needs no memory.

local endsAt = redis.call('PEXPIRETIME', KEYS[1])
if endsAt > 0 then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', endsAt)) end
return 1
