/** A process of a fleet in real time: a guarded HTTP server with revocations and shared results in Redis, controlled through IPC. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { redisAnswers, redisRevocations, type RedisRevocationsOptions } from '../../../../adapters/redis.js'
import { createVerifier, oauth, type Verifier } from '../../../../src/index.js'
import { answerMessages } from '../../processes/child.js'
import { usedBytes } from '../../processes/heap.js'
import { SECRET } from '../../shared-store.js'

/** How a process is started. */
export interface MeasuredSettings {
  readonly redisPort: number
  readonly issuer: string
  readonly jwks: { readonly keys: object[] }
  readonly introspectionEndpoint: string
  /** Lifetime of an introspection result, in seconds. */
  readonly lifetime: number
  readonly nudge: boolean
  /** Whether introspection results are shared. */
  readonly isShared: boolean
}

/** What a process can be told to do. Each is answered with its result. Times are in milliseconds. */
export interface MeasuredOrders {
  /** Serves HTTP requests, once it has read the revocations. Returns the port. */
  readonly serve: () => Promise<number>
  /** Revokes each token after a delay of its own. Returns when each revocation was fulfilled. */
  readonly revoke: (
    plan: readonly { readonly tokenId: string; readonly after: number }[],
  ) => Promise<number[]>
  /** Authorizes requests with each token every few milliseconds until it is revoked. Returns when each was refused first. */
  readonly watch: (tokens: readonly string[]) => Promise<number[]>
  /** Authorizes requests with one token for some time, with a pause after each. Returns how long each took. */
  readonly request: (plan: {
    readonly token: string
    readonly every: number
    readonly milliseconds: number
  }) => Promise<number[]>
  /** Reads the revocations as a process that has just started. */
  readonly join: () => Promise<{
    readonly milliseconds: number
    readonly bytes: number
    readonly entries: number
  }>
  /** Returns the nanoseconds that the revocations of `join` add to a request with a cached token, one for each round. */
  readonly compare: (plan: {
    readonly token: string
    readonly rounds: number
    readonly calls: number
  }) => Promise<number[]>
  /** Creates verifiers, which authorize requests with new opaque tokens. Returns how long they took. */
  readonly introspect: (plan: {
    readonly verifiers: number
    readonly requests: number
    readonly isShared: boolean
  }) => Promise<{ readonly first: number[]; readonly following: number[] }>
}

/** Milliseconds between two requests that find out whether a token is refused. */
const STEP = 4

const settings = JSON.parse(process.argv[2] ?? '') as MeasuredSettings
const client = createClient({ socket: { host: '127.0.0.1', port: settings.redisPort } }).on(
  'error',
  () => undefined,
)
await client.connect()

interface Sharing {
  readonly isShared?: boolean
  readonly revocations?: Partial<RedisRevocationsOptions>
}

function verifierWith({ isShared = false, revocations }: Sharing): Verifier {
  const { issuer, jwks, introspectionEndpoint: endpoint, lifetime } = settings
  const introspection = { endpoint, clientId: 'orders', clientSecret: 'secret' }
  return createVerifier({
    issuers: [oauth({ issuer, audience: null, jwks, introspection, remote: { lifetime, deadline: '60s' } })],
    onIssuerEvent: () => undefined,
    ...(isShared ? { answers: redisAnswers({ client, secret: SECRET }) } : {}),
    ...(revocations === undefined
      ? {}
      : { revocations: redisRevocations({ client, onEvent: () => undefined, ...revocations }) }),
  })
}

let created: Verifier | undefined
let newcomer: Verifier | undefined

/** The verifier of the server. Created when it is needed, so that a newcomer has nothing in memory. */
const main = (): Verifier =>
  (created ??= verifierWith({ isShared: settings.isShared, revocations: { nudge: settings.nudge } }))

const bearer = (token: string): { readonly headers: { readonly authorization: string } } => ({
  headers: { authorization: `Bearer ${token}` },
})

/** Authorizes a request, which must be accepted. Returns how long that took. */
async function accept(verifier: Verifier, token: string): Promise<number> {
  const started = performance.now()
  const decision = await verifier.authorize(bearer(token))
  const milliseconds = performance.now() - started
  if (decision.outcome !== 'accepted')
    throw new Error(`${decision.refusal.reason}: ${decision.refusal.detail}`)
  return milliseconds
}

/** The CPU time of requests with a cached token, in nanoseconds per request. */
async function costOf(verifier: Verifier, token: string, calls: number): Promise<number> {
  const request = bearer(token)
  const before = process.cpuUsage()
  for (let call = 0; call < calls; call += 1) await verifier.authorize(request)
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1000) / calls
}

const orders: MeasuredOrders = {
  serve: async () => {
    await main().ready()
    const server = createServer((request, response) => {
      void main()
        .authorize(request)
        .then((decision) => {
          response.statusCode = decision.outcome === 'accepted' ? 200 : decision.refusal.status
          response.end()
        })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  },
  revoke: (plan) =>
    Promise.all(
      plan.map(async ({ tokenId, after }) => {
        await pause(after)
        await main().revoke({ issuer: settings.issuer, tokenId })
        return Date.now()
      }),
    ),
  watch: async (tokens) => {
    const refused = tokens.map(() => 0)
    while (refused.includes(0)) {
      for (const [index, token] of tokens.entries()) {
        if (refused[index] !== 0) continue
        const decision = await main().authorize(bearer(token))
        if (decision.outcome === 'accepted') continue
        if (decision.refusal.reason !== 'token_revoked') throw new Error(decision.refusal.reason)
        refused[index] = Date.now()
      }
      await pause(STEP)
    }
    return refused
  },
  request: async ({ token, every, milliseconds }) => {
    const took: number[] = []
    for (const end = performance.now() + milliseconds; performance.now() < end; await pause(every))
      took.push(await accept(main(), token))
    return took
  },
  join: async () => {
    const before = usedBytes()
    const started = performance.now()
    newcomer = verifierWith({ revocations: { interval: '1m' } })
    await newcomer.ready()
    const milliseconds = performance.now() - started
    const bytes = usedBytes() - before
    return { milliseconds, bytes, entries: newcomer.health().revocations?.entries ?? 0 }
  },
  compare: async ({ token, rounds, calls }) => {
    if (newcomer === undefined) throw new Error('join comes first')
    const [without, having] = [verifierWith({}), newcomer]
    const added: number[] = []
    // The first rounds warm up. The order changes, because the second of two rounds may be slower or faster.
    for (let round = -4; round < rounds; round += 1) {
      const order = round % 2 === 0 ? [without, having] : [having, without]
      const costs = new Map<Verifier, number>()
      for (const verifier of order) costs.set(verifier, await costOf(verifier, token, calls))
      if (round >= 0) added.push((costs.get(having) ?? Number.NaN) - (costs.get(without) ?? Number.NaN))
    }
    await accept(having, token)
    return added
  },
  introspect: async ({ verifiers, requests, isShared }) => {
    const [first, following]: [number[], number[]] = [[], []]
    for (let count = 0; count < verifiers; count += 1) {
      const verifier = verifierWith({ isShared })
      first.push(await accept(verifier, randomUUID()))
      for (let sent = 0; sent < requests; sent += 1) following.push(await accept(verifier, randomUUID()))
      verifier.close()
    }
    return { first, following }
  },
}

answerMessages(({ order, value }: { readonly order: keyof MeasuredOrders; readonly value: never }): unknown =>
  orders[order](value),
)
