-- Keeps one access token (layout version 1), in the place of the one with its id, and drops another in the same step.
--
-- KEYS: tokens. ARGV: id, record as JSON, id of the token to drop or "", whether it is revoked ("1").
-- A revocation frees its old record first, so that it is possible on a server that has no memory left.

local tokens, id = KEYS[1], ARGV[1]
local standing = redis.call('HGET', tokens, id)
local place = standing and string.match(standing, '^(%d+)\n')
if ARGV[4] == '1' and standing then redis.call('HDEL', tokens, id) end
if not place then place = redis.call('HINCRBY', tokens, '#', 1) end
redis.call('HSET', tokens, id, place .. '\n' .. ARGV[2])
if ARGV[3] ~= '' then redis.call('HDEL', tokens, ARGV[3]) end
return 1
