import { describe, expect, it, onTestFinished } from 'vitest'
import { CLIENTS } from '../../support/redis/clients.js'
import { startInstance, type Instance } from '../../support/redis/fleet.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn, until } from '../../support/until.js'

const ISSUER = 'https://auth.example.com'
const CHANNEL = '{m2m-guard}:revocations:changed'
const subscribed = (server: RedisServer): Promise<void> =>
  until(async () => (await server.command('PUBSUB', 'NUMSUB', CHANNEL)).endsWith(':1'))
const aboutNudge = ({ events }: Instance): readonly string[] =>
  events.filter(({ detail }) => detail.includes('nudge')).map(({ kind }) => kind)
const nudgeFailure = ({ revocations }: Instance): string | undefined => revocations.health().nudgeFailure

/**
 * Closes the connection of the subscription. Resolves once the reader has noticed, which is found out from before the command
 * on, because the reader may be back before the reply arrives.
 */
async function loseSubscription(server: RedisServer, reader: Instance): Promise<void> {
  const noticed = until(() => nudgeFailure(reader) !== undefined)
  await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await noticed
}

/** Allows or forbids a user of Redis to subscribe. */
const channels = (server: RedisServer, rule: 'allchannels' | 'resetchannels'): Promise<string> =>
  server.command('ACL', 'SETUSER', 'default', rule)

describe.each(Object.keys(CLIENTS))('with a client of %s', (library) => {
  it('a subscription that Redis refuses is information in health() and one event, and is tried again', async () => {
    const server = await startRedis()
    await channels(server, 'resetchannels')
    const reader = await startInstance(server.port, { library, nudge: true })
    await reader.bed.verifier.ready()
    await until(() => nudgeFailure(reader) !== undefined)
    expect(nudgeFailure(reader)).toMatch(/^NOPERM/)
    // Revocations are promised nevertheless.
    expect(reader.revocations.health()).toMatchObject({ status: 'ok' })
    expect(reader.bed.verifier.health().status).toBe('ok')
    expect(aboutNudge(reader)).toEqual([])
    passDeadlines(5)
    expect(aboutNudge(reader)).toEqual(['store_failing'])
    passDeadlines(25)
    await nextTurn()
    await channels(server, 'allchannels')
    await until(async () => {
      passDeadlines(30)
      await nextTurn()
      return nudgeFailure(reader) === undefined
    })
    expect(aboutNudge(reader)).toEqual(['store_failing', 'store_recovered'])
    const writer = await startInstance(server.port)
    await subscribed(server)
    await writer.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    await until(() => reader.revocations.list().length === 1)
  })

  it('a connection that is lost and back within 5 s causes no event', async () => {
    const server = await startRedis()
    const reader = await startInstance(server.port, { library, nudge: true })
    await reader.bed.verifier.ready()
    await subscribed(server)
    await until(() => nudgeFailure(reader) === undefined)
    await loseSubscription(server, reader)
    await until(() => nudgeFailure(reader) === undefined)
    passDeadlines(5)
    expect(aboutNudge(reader)).toEqual([])
    await subscribed(server)
  })

  it('closing while the connection comes back leaves neither a connection nor an unhandled rejection', async () => {
    const server = await startRedis()
    const rejected: unknown[] = []
    const note = (error: unknown): unknown => rejected.push(error)
    process.on('unhandledRejection', note)
    onTestFinished(() => {
      process.off('unhandledRejection', note)
    })
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const reader = await startInstance(server.port, { library, nudge: true })
      await reader.bed.verifier.ready()
      await subscribed(server)
      await until(() => nudgeFailure(reader) === undefined)
      await loseSubscription(server, reader)
      if (attempt > 0) await until(() => nudgeFailure(reader) === undefined)
      reader.bed.verifier.close()
      await until(async () => (await server.command('PUBSUB', 'NUMSUB', CHANNEL)).endsWith(':0'))
    }
    expect(rejected).toEqual([])
  })
})

it('without the option there is no state of it', async () => {
  const server = await startRedis()
  const { revocations, bed } = await startInstance(server.port)
  await bed.verifier.ready()
  expect(revocations.health()).not.toHaveProperty('nudgeFailure')
})
