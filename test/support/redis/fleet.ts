import { onTestFinished } from 'vitest'
import { redisRevocations, type RedisClient, type RedisRevocationsOptions } from '../../../adapters/redis.js'
import type { RevocationEvent } from '../../../src/index.js'
import type { Revocations } from '../../../src/revocation/revocations.js'
import { passDeadlines } from '../setup/deadlines.js'
import { testBed, LONG_LIVED, type TestBed } from '../test-bed.js'
import { nextTurn } from '../until.js'
import { CLIENTS } from './clients.js'

/** A process of a fleet: a verifier with revocations in Redis. */
export interface Instance {
  readonly bed: TestBed
  readonly revocations: Revocations
  readonly events: RevocationEvent[]
  readonly client: RedisClient
}

/** Starts an instance that reads from a Redis server. */
export async function startInstance(
  port: number,
  options: Partial<RedisRevocationsOptions> & { readonly library?: string } = {},
): Promise<Instance> {
  const { library = 'node-redis 6', ...given } = options
  const client = given.client ?? (await CLIENTS[library]!(port))
  const events: RevocationEvent[] = []
  const revocations = redisRevocations({ onEvent: (event) => void events.push(event), ...given, client })
  onTestFinished(() => {
    revocations.close()
  })
  return { bed: await testBed({ revocations, mint: LONG_LIVED }), revocations, events, client }
}

/** Lets intervals pass until something has come about. */
export async function polling(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) {
    passDeadlines(0.1)
    await nextTurn()
  }
}
