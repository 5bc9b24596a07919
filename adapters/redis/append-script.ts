import { createHash } from 'node:crypto'
import { SERIALIZED_START } from '../../src/revocation/entry.js'

/**
 * Adds entries to the set and to the log, in one step. Of equal entries the one with the higher limit is kept. Entries that
 * are present change nothing, so that a repeated call is harmless.
 *
 * `live` has the entries by the number of their last change, and `keys` has them by key. An entry counts as present only if both
 * have it. If keys were evicted or deleted one by one, the epoch changes, so that every process writes back what is lost. So it
 * does if another program added to the log, because the numbers of its entries must increase.
 *
 * KEYS: meta, log, live, keys, expiry.
 * ARGV: epoch if a new one begins, tag of this call, maximum length of the log, time in seconds, channel of the messages
 * that say that there are changes, then per entry its key, limit, JSON, and the time after which it is dropped (empty: never).
 *
 * Returns epoch, number and tag of the last change.
 */
const SOURCE = `
local meta, log, live, keys, expiry = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local tag = ARGV[2]
local state = redis.call('HMGET', meta, 'epoch', 'n', 'count')
local n = tonumber(state[2]) or 0
local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local foreign = last and last[1] ~= n .. '-0'
if foreign or not state[1] or tonumber(state[3]) ~= redis.call('ZCARD', live) then
  n = math.max(n, tonumber(redis.call('ZREVRANGE', live, 0, 0, 'WITHSCORES')[2]) or 0)
  redis.call('HSET', meta, 'epoch', ARGV[1], 'n', n, 'head', '')
  redis.call('DEL', log)
end
local changed = false
for i = 6, #ARGV, 4 do
  local key, limit, json, drop = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3]
  local old = redis.call('HGET', keys, key)
  -- An entry that cannot be read here stays, and does not prevent that a new one is stored.
  local present = old and string.find(old, '^%S+ ${SERIALIZED_START}') and redis.call('ZSCORE', live, old)
  local reached = present and tonumber(string.match(old, '^(%S+) '))
  if not (reached and reached >= limit) then
    if present then redis.call('ZREM', live, old) end
    local stored = ARGV[i + 1] .. ' ' .. json
    n = n + 1
    changed = true
    redis.call('HSET', keys, key, stored)
    redis.call('ZADD', live, n, stored)
    if drop == '' then redis.call('ZREM', expiry, key) else redis.call('ZADD', expiry, drop, key) end
    redis.call('XADD', log, n .. '-0', 't', tag, 'e', stored)
  end
end
if changed then
  redis.call('XTRIM', log, 'MAXLEN', '~', ARGV[3])
  local now = math.min(tonumber(redis.call('TIME')[1]), tonumber(ARGV[4]))
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 100)) do
    local old = redis.call('HGET', keys, key)
    if old then redis.call('ZREM', live, old) end
    redis.call('HDEL', keys, key)
    redis.call('ZREM', expiry, key)
  end
  redis.call('HSET', meta, 'n', n, 'head', tag)
  redis.pcall('PUBLISH', ARGV[5], tag)
end
redis.call('HSET', meta, 'count', redis.call('ZCARD', live))
return { redis.call('HGET', meta, 'epoch'), tostring(n), redis.call('HGET', meta, 'head') }
`

/** The script that appends entries, and its SHA-1, by which Redis caches it. */
export const APPEND_SCRIPT = { source: SOURCE, sha: createHash('sha1').update(SOURCE).digest('hex') }
