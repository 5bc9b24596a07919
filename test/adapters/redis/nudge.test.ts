import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { redisRevocations } from '../../../adapters/redis.js'
import { ConfigurationError } from '../../../src/index.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { CLIENTS } from '../../support/redis/clients.js'
import { polling, startInstance, type Instance } from '../../support/redis/fleet.js'
import { startRedis, type RedisServer } from '../../support/redis/server.js'
import { nextTurn, until } from '../../support/until.js'

const ISSUER = 'https://auth.example.com'
const CHANNEL = '{m2m-guard}:revocations:changed'

const listed = ({ revocations }: Instance): number => revocations.list().length
const subscribers = (server: RedisServer): Promise<string> => server.command('PUBSUB', 'NUMSUB', CHANNEL)
/** Number of the connection that has the subscription. */
const subscriber = async (server: RedisServer): Promise<string | undefined> =>
  /id=(\d+)/.exec(await server.command('CLIENT', 'LIST', 'TYPE', 'pubsub'))?.[1]
const connections = async (server: RedisServer): Promise<number> =>
  (await server.command('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('addr=')).length
const subscribed = (server: RedisServer, count: number): Promise<void> =>
  until(async () => (await subscribers(server)).endsWith(`:${count}`))

/** Number of readings that a server has executed. */
async function readings(server: RedisServer): Promise<number> {
  const statistics = await server.command('INFO', 'commandstats')
  return Number(/cmdstat_hmget:calls=(\d+)/.exec(statistics)?.[1] ?? 0)
}

/** Starts an instance with a message after every change, whose readings at intervals never come. */
async function startNudged(server: RedisServer, library = 'node-redis 6'): Promise<Instance> {
  const instance = await startInstance(server.port, { library, nudge: true })
  await instance.bed.verifier.ready()
  return instance
}

describe.each(Object.keys(CLIENTS))('with a client of %s', (library) => {
  it('a message causes a reading, also after the connection was lost, and close() ends what it opened', async () => {
    const server = await startRedis()
    const writer = await startInstance(server.port)
    const reader = await startNudged(server, library)
    await subscribed(server, 1)
    await writer.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    await until(() => listed(reader) === 1)
    const lost = await subscriber(server)
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until(async () => ![lost, undefined].includes(await subscriber(server)))
    await subscribed(server, 1)
    await writer.revocations.revoke({ issuer: ISSUER, clientId: 'b' })
    // A message may have gone through before the new subscription.
    passDeadlines(0.05)
    await until(() => listed(reader) === 2)
    const before = await connections(server)
    reader.bed.verifier.close()
    await subscribed(server, 0)
    await until(async () => (await connections(server)) === before - 1)
    // The client of the user is still connected.
    const revocations = redisRevocations({ client: reader.client })
    await revocations.ready()
    expect(revocations.list()).toHaveLength(2)
  })
})

it('without the option nothing subscribes, and revocations are read at intervals', async () => {
  const server = await startRedis()
  const [one, two] = [await startInstance(server.port), await startInstance(server.port)]
  await two.bed.verifier.ready()
  await one.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
  expect(await subscribers(server)).toMatch(/:0$/)
  await polling(() => listed(two) === 1)
})

it('a message that is lost delays a revocation until the next reading', async () => {
  const server = await startRedis()
  const writer = await startInstance(server.port)
  const reader = await startNudged(server)
  await subscribed(server, 1)
  // A user without the right to publish: the revocation is stored nevertheless.
  await server.command('ACL', 'SETUSER', 'default', 'resetchannels')
  await writer.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
  await polling(() => listed(reader) === 1)
})

it('messages that are forged, repeated or too many cause a bounded number of readings, and change nothing else', async () => {
  const server = await startRedis()
  const reader = await startNudged(server)
  await subscribed(server, 1)
  await reader.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
  const token = reader.bed.jwt({ clientId: 'b' })
  expect(await reader.bed.outcome(token)).toBe('accepted')
  passDeadlines(0.05)
  await flood(server.port, 5_000)
  await server.command('PUBLISH', CHANNEL, 'the last one')
  // No time has passed for the pause between two readings.
  const before = await readings(server)
  await flood(server.port, 5_000)
  expect(await readings(server)).toBeLessThanOrEqual(before + 2)
  expect(listed(reader)).toBe(1)
  expect(reader.revocations.health()).toMatchObject({ status: 'ok' })
  expect(await reader.bed.outcome(token)).toBe('accepted')
  // The message that had to wait is not lost.
  passDeadlines(0.05)
  await until(async () => (await readings(server)) > before)
})

it('the process of a client that was closed can end, and a client that is connected again is used again', async () => {
  const { createClient } = await import('redis')
  const server = await startRedis()
  const client = createClient({ socket: { host: '127.0.0.1', port: server.port } })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => {
    client.destroy()
  })
  const { bed } = await startInstance(server.port, { client, nudge: true })
  await bed.verifier.ready()
  await subscribed(server, 1)
  await client.close()
  await subscribed(server, 0)
  await client.connect()
  await subscribed(server, 1)
})

it('a server that cannot be reached for the subscription changes nothing', async () => {
  const server = await startRedis()
  const client = await CLIENTS['node-redis 6']!(server.port)
  const failing = { ...withMethods(client), duplicate: () => withMethods(client) }
  const { bed, revocations } = await startInstance(server.port, { client: failing, nudge: true })
  await bed.verifier.ready()
  await nextTurn()
  expect(revocations.health()).toMatchObject({ status: 'ok' })
})

it('a client without duplicate() is a ConfigurationError that says what to pass', () => {
  const client = { sendCommand: () => Promise.resolve(null) }
  expect(() => redisRevocations({ client, nudge: true })).toThrow(ConfigurationError)
  expect(() => redisRevocations({ client, nudge: true })).toThrow(
    /^redisRevocations\.nudge: requires .* Pass false$/,
  )
})

/** A client of node-redis whose duplicate cannot connect. */
function withMethods(client: object): { readonly sendCommand: never } {
  const { sendCommand } = client as { sendCommand: (args: string[]) => Promise<unknown> }
  return {
    sendCommand: sendCommand.bind(client),
    on: () => undefined,
    connect: () => Promise.reject(new Error('refused')),
  } as never
}

/** Sends many messages on one connection, and waits until the server has executed them. */
async function flood(port: number, count: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${`PUBLISH ${CHANNEL} forged\r\n`.repeat(count)}QUIT\r\n`)
  socket.resume()
  await new Promise((resolve) => socket.on('close', resolve))
}
