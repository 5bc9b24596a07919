import { createHash } from 'node:crypto'
import { KEPT_AFTER_EXPIRY, SERIALIZED_START } from '../../src/revocation/entry.js'

/**
 * Adds entries to the set and to the log, in one step. Of equal entries the one with the higher limit is kept. Entries that
 * are present change nothing, so that a repeated call is harmless.
 *
 * `live` has the entries by the number of their last change, and `keys` has them by key. An entry counts as present only if both
 * have it, and if the caller can read it: the reply has the entries that were found in place of new ones. The caller repeats the
 * call for those that it cannot read, and names them.
 *
 * Everything that is read may be from another program, or damaged. Numbers count only as integers in range. Otherwise the
 * greatest number in `live` counts, and the epoch changes, so that every process compares the whole set and writes back what
 * is lost. So it does if keys were evicted or deleted one by one, or if another program added to the log.
 *
 * Everything that may fail comes before the first change. A key of another type is not changed, and is an error.
 *
 * KEYS: meta, log, live, keys, expiry.
 * ARGV: epoch if a new one begins (empty: only find out whether entries can be added), tag of this call, maximum length of the
 * log, time in seconds, channel of the messages that say that there are changes, then per entry its key, limit, JSON, the time
 * after which it is dropped (empty: never), and the SHA-1 of what is present with this key and cannot be read (empty: nothing).
 *
 * Returns epoch, number and tag of the last change, and per entry that was found in place of a new one the position of the new
 * one, what was found, and its SHA-1. Not all bytes of it need be characters.
 */
const SOURCE = `
local meta, log, live, keys, expiry = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local epoch, tag = ARGV[1], ARGV[2]

-- Since Redis 7: otherwise a command that is forbidden would fail after others have made changes.
if redis.acl_check_cmd then
  local missing = ''
  for name in string.gmatch('TYPE HMGET HGET HSET HDEL DEL TIME ZCARD ZSCORE ZADD ZREM ZRANGEBYSCORE ZREVRANGEBYSCORE XADD XTRIM XREVRANGE', '%S+') do
    local isKnown, isAllowed = pcall(redis.acl_check_cmd, name, meta)
    if not isKnown then return redis.error_reply('ERR unknown command ' .. name) end
    if not isAllowed then missing = missing .. ' +' .. string.lower(name) end
  end
  if missing ~= '' then return redis.error_reply('NOPERM the ACL of the user lacks' .. missing) end
end
for i, expected in ipairs({ 'hash', 'stream', 'zset', 'hash', 'zset' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= expected then
    return redis.error_reply('WRONGTYPE the key ' .. KEYS[i] .. ' is a ' .. found .. ' of another program')
  end
end
-- Changes nothing, and fails if the server cannot be written.
redis.call('ZADD', live, 'XX', 0, '')
if epoch == '' then return {} end

local function numberIn(value, max)
  local number = tonumber(value)
  return number and number >= 0 and number <= max and number or nil
end
local function idOf(number) return string.format('%.0f-0', number) end

local state = redis.call('HMGET', meta, 'epoch', 'n', 'count')
-- Below 2^53 by more than any call adds.
local n = numberIn(state[2], 9007199253692416)
if n and n ~= math.floor(n) then n = nil end
local function begin()
  -- At most 2^51, so that a number of another program leaves enough of them.
  local last = redis.call('ZREVRANGEBYSCORE', live, 2251799813685248, 0, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  n = math.max(n or 0, math.ceil(numberIn(last, 2251799813685248) or 0))
  redis.call('HSET', meta, 'epoch', epoch, 'n', string.format('%.0f', n), 'head', '')
  redis.call('DEL', log)
end
local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)[1]
local isForeign = n and last and last[1] ~= idOf(n)
if not n or isForeign or not state[1] or state[1] == '' or tonumber(state[3]) ~= redis.call('ZCARD', live) then begin() end

-- What is stored of this version, with the limit that its JSON has.
local function limitOf(stored)
  local limit = stored and string.match(stored, '^(%S+) ${SERIALIZED_START}')
  return limit and string.find(stored, '"limit":' .. limit .. ',', 1, true) and numberIn(limit, 9007199254740991)
end
local changed = false
local found = {}
for i = 6, #ARGV, 5 do
  local key, limit, drop = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 3]
  local stored = ARGV[i + 1] .. ' ' .. ARGV[i + 2]
  local old = redis.call('HGET', keys, key)
  if ARGV[i + 4] ~= '' and old and redis.sha1hex(old) == ARGV[i + 4] then old = nil end
  local reached = limitOf(old)
  if reached and not redis.call('ZSCORE', live, old) then reached = nil end
  if reached and reached >= limit then
    if old ~= stored then
      table.insert(found, (i - 6) / 5)
      table.insert(found, old)
      table.insert(found, redis.sha1hex(old))
    end
  else
    local added = redis.pcall('XADD', log, idOf(n + 1), 't', tag, 'e', stored)
    if type(added) == 'table' and added.err then
      if not string.find(added.err, 'equal or smaller', 1, true) then return added end
      -- Another program added a greater number, and deleted it.
      begin()
      redis.call('XADD', log, idOf(n + 1), 't', tag, 'e', stored)
    end
    n = n + 1
    changed = true
    if reached then redis.call('ZREM', live, old) end
    redis.call('HSET', keys, key, stored)
    redis.call('ZADD', live, string.format('%.0f', n), stored)
    if drop == '' then redis.call('ZREM', expiry, key) else redis.call('ZADD', expiry, drop, key) end
  end
end
if changed then
  redis.call('XTRIM', log, 'MAXLEN', '~', ARGV[3])
  local now = math.min(tonumber(redis.call('TIME')[1]), tonumber(ARGV[4]))
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, 100)) do
    local old = redis.call('HGET', keys, key)
    local limit = (string.find(key, '["token",', 1, true) == 1 or string.find(key, '["digest",', 1, true) == 1) and limitOf(old)
    local drop = limit and math.ceil(limit + ${KEPT_AFTER_EXPIRY})
    if drop and drop > now then
      -- The time was changed by another program.
      redis.call('ZADD', expiry, string.format('%.0f', drop), key)
    else
      if drop then
        redis.call('ZREM', live, old)
        redis.call('HDEL', keys, key)
      end
      redis.call('ZREM', expiry, key)
    end
  end
  redis.call('HSET', meta, 'n', string.format('%.0f', n), 'head', tag)
  redis.pcall('PUBLISH', ARGV[5], tag)
end
redis.call('HSET', meta, 'count', redis.call('ZCARD', live))
return { redis.call('HGET', meta, 'epoch'), string.format('%.0f', n), redis.call('HGET', meta, 'head'), found }
`

/** The script that appends entries, and its SHA-1, by which Redis caches it. */
export const APPEND_SCRIPT = { source: SOURCE, sha: createHash('sha1').update(SOURCE).digest('hex') }
