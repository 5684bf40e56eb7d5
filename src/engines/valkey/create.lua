-- Says which store stands under a prefix (layout version 1): creates the key where there is none, and answers what it holds.
--
-- KEYS: the store's key. ARGV: what it is to hold.

redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
