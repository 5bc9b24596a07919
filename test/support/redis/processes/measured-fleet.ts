import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { createClient } from 'redis'
import { redisConnection } from '../../../../adapters/redis/connection.js'
import { createRedisLog } from '../../../../adapters/redis/revocation-log.js'
import type { Entry } from '../../../../src/revocation/entry.js'
import type { AtEnd } from '../../at-end.js'
import { startChild, type Child } from '../../processes/child.js'
import { bundleProgram } from '../../processes/bundle.js'
import { serve } from '../../servers/servers.js'
import { startRedis, type RedisServer } from '../server.js'
import { ISSUER, JWKS, tokenOf } from './fleet-issuer.js'
import type { MeasuredOrders, MeasuredSettings } from './measured-program.js'
import { startRedisProxy } from './proxy.js'

/** The program that is measured. The benchmark has compiled it already. */
function measuredProgram(): URL {
  if (import.meta.url.endsWith('.js')) return new URL('measured-program.js', import.meta.url)
  return pathToFileURL(bundleProgram(new URL('measured-program.ts', import.meta.url)))
}

/** Milliseconds that the issuer takes for a response. */
const ISSUER_DELAY = 20

/** Seconds for which an introspection result may be used. */
const LIFETIME = 3

/** Milliseconds between two requests of a process with one token. */
const REQUEST_EVERY = 100

/** Maximum milliseconds before each of several revocations, so that they meet every part of the interval. */
const MOST_DELAY = 1000

/** Milliseconds by which a slow Redis responds later. */
const SLOW = 1000

const nowSeconds = (): number => Date.now() / 1000

/** A process of a fleet, as a measurement sees it. */
interface Member {
  readonly tell: <Order extends keyof MeasuredOrders>(
    order: Order,
    ...value: Parameters<MeasuredOrders[Order]>
  ) => ReturnType<MeasuredOrders[Order]>
}

/** An issuer that accepts every opaque token. */
interface Endpoint {
  readonly url: string
  /** When it was called for a token, in milliseconds. */
  readonly callsFor: (token: string) => readonly number[]
}

async function startEndpoint(atEnd: AtEnd, delay: number): Promise<Endpoint> {
  const calls: { readonly token: string | null; readonly at: number }[] = []
  const url = await serve((request, response) => {
    const at = Date.now()
    void text(request).then((form) => {
      calls.push({ token: new URLSearchParams(form).get('token'), at })
      const body = JSON.stringify({
        active: true,
        sub: 'billing',
        client_id: 'billing',
        exp: nowSeconds() + 3600,
      })
      setTimeout(() => response.setHeader('content-type', 'application/json').end(body), delay)
    })
  }, atEnd)
  return {
    url,
    callsFor: (token) => calls.filter((call) => call.token === token).map(({ at }) => at),
  }
}

async function startMeasured(
  settings: Pick<MeasuredSettings, 'redisPort' | 'introspectionEndpoint'> & Partial<MeasuredSettings>,
  atEnd: AtEnd,
  flags: readonly string[] = [],
): Promise<Member> {
  const defaults = { issuer: ISSUER, jwks: JWKS, lifetime: LIFETIME, nudge: false, isShared: false }
  const all: MeasuredSettings = { ...defaults, ...settings }
  const child: Child = await startChild(measuredProgram(), [JSON.stringify(all)], { flags, atEnd })
  return { tell: (order, ...[value]) => child.ask({ order, value }) as never }
}

/** What is measured about a number of processes. Times are in milliseconds. */
interface FleetFigures {
  /** From the time at which `revoke()` was fulfilled to the first refusal of the last process, for each revocation. */
  readonly untilRefused: readonly number[]
  /** Introspection calls when all processes get a token at the same time. */
  readonly callsAtStart: number
  /** Introspection calls per lifetime of a result, from then on. */
  readonly callsPerLifetime: number
}

/** Measures processes with one Redis: how soon revocations reach them, and how often they introspect a token. */
export async function measureFleet(
  plan: Pick<MeasuredSettings, 'nudge' | 'isShared'> & {
    readonly processes: number
    readonly revocations: number
    readonly inFlight: number
    readonly lifetimes: number
  },
  atEnd: AtEnd,
): Promise<FleetFigures> {
  const { processes, revocations, inFlight, lifetimes, ...shared } = plan
  const [redis, endpoint] = [await startRedis([], atEnd), await startEndpoint(atEnd, ISSUER_DELAY)]
  const settings = { redisPort: redis.port, introspectionEndpoint: endpoint.url, ...shared }
  const members = await Promise.all(Array.from({ length: processes }, () => startMeasured(settings, atEnd)))
  const ports = await Promise.all(members.map(({ tell }) => tell('serve')))
  const calls = await measureCalls(members, endpoint, lifetimes)
  const untilRefused: number[] = []
  for (let done = 0; done < revocations; done += inFlight) {
    const first = (done / inFlight) % processes
    const inOrder = [...members.slice(first), ...members.slice(0, first)]
    untilRefused.push(...(await revokeSeveral(inOrder, ports, Math.min(inFlight, revocations - done))))
  }
  return { untilRefused, ...calls }
}

async function measureCalls(members: readonly Member[], endpoint: Endpoint, lifetimes: number) {
  const token = randomUUID()
  const milliseconds = lifetimes * LIFETIME * 1000
  await Promise.all(members.map(({ tell }) => tell('request', { token, every: REQUEST_EVERY, milliseconds })))
  const times = endpoint.callsFor(token)
  const [first = Number.NaN] = times
  const later = times.filter((time) => time > first + (LIFETIME * 1000) / 2)
  const seconds = ((times.at(-1) ?? Number.NaN) - first) / 1000
  return { callsAtStart: times.length - later.length, callsPerLifetime: (later.length * LIFETIME) / seconds }
}

/** The first process revokes tokens at different times, while all of them find out when they refuse them. */
async function revokeSeveral(
  members: readonly Member[],
  ports: readonly number[],
  count: number,
): Promise<readonly number[]> {
  const tokenIds = Array.from({ length: count }, () => randomUUID())
  const tokens = tokenIds.map((tokenId) => tokenOf(tokenId, nowSeconds()))
  const watching = Promise.all(members.map(({ tell }) => tell('watch', tokens)))
  const plan = tokenIds.map((tokenId) => ({ tokenId, after: Math.random() * MOST_DELAY }))
  const fulfilled = await members[0]!.tell('revoke', plan)
  const refused = await watching
  for (const port of ports) {
    const headers = { authorization: `Bearer ${tokens[0]!}` }
    const { status } = await fetch(`http://127.0.0.1:${port}`, { headers })
    if (status !== 401) throw new Error(`a process responds with ${status} to a revoked token`)
  }
  return fulfilled.map((at, index) => Math.max(0, ...refused.map((times) => times[index]! - at)))
}

/** What is measured about many entries. */
interface EntryFigures {
  /** Version of the engine. */
  readonly engine: string
  /** Bytes of an entry in Redis, with its part of the log. */
  readonly bytesInRedis: number
  /** For each process that starts: bytes of an entry, and the milliseconds until it knows all of them. */
  readonly bytes: readonly number[]
  readonly milliseconds: readonly number[]
  /** Nanoseconds that the entries add to a request with a cached token, one for each round. */
  readonly added: readonly number[]
}

/** Measures entries: their memory, and how long processes that start take to read them. */
export async function measureEntries(
  plan: {
    readonly entries: number
    readonly newcomers: number
    readonly rounds: number
    readonly calls: number
  },
  atEnd: AtEnd,
): Promise<EntryFigures> {
  const { entries, newcomers, rounds, calls } = plan
  const redis = await startRedis([], atEnd)
  const bytesInRedis = await fill(redis, entries, atEnd)
  const settings = { redisPort: redis.port, introspectionEndpoint: ISSUER }
  const joined = []
  const added: number[] = []
  for (let count = 0; count < newcomers; count += 1) {
    const { tell } = await startMeasured(settings, atEnd, ['--expose-gc'])
    const figures = await tell('join')
    if (figures.entries !== entries) throw new Error(`a process knows ${figures.entries} entries`)
    joined.push(figures)
    added.push(...(await tell('compare', { token: tokenOf(randomUUID(), nowSeconds()), rounds, calls })))
  }
  return {
    engine: /redis_version:(\S+)/.exec(await redis.command('INFO', 'server'))?.[1] ?? 'unknown',
    bytesInRedis,
    bytes: joined.map(({ bytes }) => bytes / entries),
    milliseconds: joined.map(({ milliseconds }) => milliseconds),
    added,
  }
}

/** Adds entries to Redis. Returns the bytes that each of them takes. */
async function fill(redis: RedisServer, entries: number, atEnd: AtEnd): Promise<number> {
  const usedMemory = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await redis.command('INFO', 'memory'))?.[1])
  const client = createClient({ socket: { host: '127.0.0.1', port: redis.port } }).on(
    'error',
    () => undefined,
  )
  atEnd(() => {
    client.destroy()
  })
  await client.connect()
  const now = Math.floor(nowSeconds())
  const entryOf = (): Entry => ({
    ...{ kind: 'token', issuer: ISSUER, value: randomUUID(), limit: now + 86_400, at: now },
    ...{ reason: undefined, clientId: 'billing', issuedAt: now - 60 },
  })
  const before = await usedMemory()
  const log = createRedisLog(redisConnection.read('client', client), 'm2m-guard')
  await log.append(Array.from({ length: entries }, entryOf), now)
  return ((await usedMemory()) - before) / entries
}

/** What requests take while Redis responds a second later, in milliseconds. */
interface SlowFigures {
  /** With new opaque tokens, each with a call to the issuer: the first one of a verifier, and those that follow. */
  readonly first: readonly number[]
  readonly following: readonly number[]
  /** The same without shared results. */
  readonly firstWithout: readonly number[]
  readonly followingWithout: readonly number[]
  /** With a token that is checked against the revocations, before and while Redis is slow. */
  readonly revocationsBefore: readonly number[]
  readonly revocations: readonly number[]
}

/** Measures what requests wait for a slow Redis. */
export async function measureSlowRedis(
  plan: { readonly verifiers: number; readonly requests: number; readonly milliseconds: number },
  atEnd: AtEnd,
): Promise<SlowFigures> {
  const { verifiers, requests, milliseconds } = plan
  const [redis, endpoint] = [await startRedis([], atEnd), await startEndpoint(atEnd, 0)]
  const proxy = await startRedisProxy(redis.port, atEnd)
  const settings = { redisPort: proxy.port, introspectionEndpoint: endpoint.url }
  const { tell } = await startMeasured(settings, atEnd)
  await tell('serve')
  const stream = { token: tokenOf(randomUUID(), nowSeconds()), every: 5, milliseconds }
  const revocationsBefore = await tell('request', stream)
  // Also warms up what the measurement with a slow Redis runs.
  await tell('introspect', { verifiers, requests, isShared: true })
  await tell('introspect', { verifiers, requests, isShared: false })
  proxy.delayReplies(SLOW)
  const revocations = await tell('request', stream)
  const slow = await tell('introspect', { verifiers, requests, isShared: true })
  const without = await tell('introspect', { verifiers, requests, isShared: false })
  return {
    ...slow,
    firstWithout: without.first,
    followingWithout: without.following,
    revocationsBefore,
    revocations,
  }
}
