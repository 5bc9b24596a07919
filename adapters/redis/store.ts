import type { SharedStore } from '../../src/store/contract.js'
import type { SendCommand } from './client.js'
import { integerOf, textOf } from './replies.js'

/** Deletes a key if it has this value. A list or a hash of another program has another one. */
const DELETE_IF = `if redis.pcall('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

/** Creates a store of values that expire in Redis. */
export function createRedisStore(send: SendCommand): SharedStore {
  const store = async (...command: [string, ...string[]]): Promise<boolean> =>
    (await send(...command)) !== null
  return {
    async get(key) {
      // The expiry first: if the value is replaced in between, it is that of the older value, which is earlier.
      const [expiry, reply] = await Promise.all([send('PTTL', key), send('GET', key).catch(ofOtherType)])
      const value = textOf(reply)
      if (value === undefined) return undefined
      const millisecondsLeft = integerOf(expiry) ?? -1
      return { value, millisecondsLeft: millisecondsLeft < 0 ? undefined : millisecondsLeft }
    },
    async set(key, value, milliseconds) {
      await store('SET', key, value, 'PX', String(milliseconds))
    },
    add: (key, value, milliseconds) => store('SET', key, value, 'PX', String(milliseconds), 'NX'),
    async delete(key) {
      await store('DEL', key)
    },
    async deleteIf(key, value) {
      await store('EVAL', DELETE_IF, '1', key, value)
    },
  }
}

/** A list or a hash of another program is a foreign value, and no failure of Redis. */
function ofOtherType(error: unknown): string {
  if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return ''
  throw error
}
