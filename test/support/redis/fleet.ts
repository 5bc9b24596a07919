import { onTestFinished } from 'vitest'
import { redisRevocations, type RedisClient, type RedisRevocationsOptions } from '../../../adapters/redis.js'
import type { RevocationEvent } from '../../../src/index.js'
import type { Revocations } from '../../../src/revocation/revocations.js'
import { passDeadlines } from '../setup/deadlines.js'
import { testBed, LONG_LIVED, type TestBed } from '../test-bed.js'
import { until } from '../until.js'
import { CLIENTS } from './clients.js'

/** A process of a fleet: a verifier with revocations in Redis. */
export interface Instance {
  readonly bed: TestBed
  readonly revocations: Revocations
  readonly events: RevocationEvent[]
  readonly client: RedisClient
}

/** Commands without a reply so far, of all instances of a test. */
const inFlight = new Set<unknown>()

/** Returns a client whose commands are in {@link inFlight} until their replies. */
function tracked<T extends object>(client: T): T {
  return new Proxy(client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        const result: unknown = value.apply(target, args)
        if (name === 'pipeline') return tracked(result as object)
        if (!['sendCommand', 'call', 'use', 'exec'].includes(String(name))) return result
        inFlight.add(result)
        const settle = (): unknown => inFlight.delete(result)
        ;(result as Promise<unknown>).then(settle, settle)
        return result
      }
    },
  })
}

/** Starts an instance that reads from a Redis server. */
export async function startInstance(
  port: number,
  options: Partial<RedisRevocationsOptions> & { readonly library?: string } = {},
): Promise<Instance> {
  const { library = 'node-redis 6', ...given } = options
  const client = given.client ?? (await CLIENTS[library]!(port))
  const events: RevocationEvent[] = []
  const onEvent = (event: RevocationEvent): void => void events.push(event)
  const revocations = redisRevocations({ onEvent, ...given, client: tracked(client) })
  onTestFinished(() => {
    revocations.close()
    inFlight.clear()
  })
  return { bed: await testBed({ revocations, mint: LONG_LIVED }), revocations, events, client }
}

/**
 * Lets intervals pass until something has come about. No time passes while a command is in flight, so that the time that Redis takes
 * decides nothing: a comparison of clocks may take a second, and a reading 5 s.
 */
export async function polling(holds: () => boolean | Promise<boolean>): Promise<void> {
  await until(async () => {
    if (await holds()) return true
    if (inFlight.size === 0) passDeadlines(0.1)
    return false
  })
}
