// A process of its own, because the heap can be measured only where nothing else runs and the collector can be called.
import { createVerifier, oauth, type Policy, type Refusal, type Verifier } from '../../../src/index.js'
import { createSigningKey, signJwt } from '../../../src/testing/state/signing-keys.js'

/** What came of a flood. Heap in bytes, after a collection. */
export interface FloodReport {
  readonly heapHalfway: number
  readonly heapAtEnd: number
  /** How often the issuer was called during the flood. */
  readonly calls: number
  /** The answers to the flood, by reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** Of the honest tokens remembered before it, how many are answered from memory after it. */
  readonly honest: number
}

/** What a flood consists of, and how the issuer fares meanwhile. */
interface Flood {
  /** Does the i-th piece of junk. */
  readonly send: (verifier: Verifier, index: number) => Promise<unknown>
  /** Answers questions about junk; without it the issuer is down. */
  readonly introspection?: () => Response
}

const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://orders.internal'
const HONEST = 100
const now = Date.now()

const key = createSigningKey('key', 'ES256', {})
const payload = encode({ iss: ISSUER, aud: AUDIENCE, sub: 'x', exp: now / 1000 + 600 })
const signature = Buffer.alloc(64, 7).toString('base64url')

const FLOODS: Readonly<Record<string, Flood>> = {
  'opaque-while-down': { send: (verifier, index) => verifier.verify(`junk-${index}`) },
  'opaque-denied': {
    send: (verifier, index) => verifier.verify(`junk-${index}`),
    introspection: () => Response.json({ active: false }),
  },
  'opaque-vouched-for': {
    send: (verifier, index) => verifier.verify(`other-${index}`),
    introspection: () => Response.json({ active: true, sub: 'x', aud: AUDIENCE }),
  },
  'made-up-kids': {
    send: (verifier, index) =>
      verifier.verify(`${encode({ alg: 'ES256', kid: `k${index}` })}.${payload}.${signature}`),
  },
  'made-up-issuers': {
    send: (verifier, index) =>
      verifier.verify(`${encode({ alg: 'ES256' })}.${encode({ iss: `i${index}` })}.${signature}`),
  },
  'bad-signatures': {
    send: (verifier, index) =>
      verifier.verify(`${encode({ alg: 'ES256', kid: 'key', x: index })}.${payload}.${signature}`),
  },
  'distinct-policies': {
    send: (verifier, index) => verifier.verify('honest-0', { scopes: `s${index}` } satisfies Policy),
  },
  forgotten: {
    send: (verifier, index) => {
      verifier.forget(`junk-${index}`)
      return Promise.resolve()
    },
  },
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function heapAfterCollection(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

async function run(flood: Flood, count: number): Promise<FloodReport> {
  let calls = 0
  let isFlooding = false
  let answeredFromMemory = 0
  const answer = (method: string | undefined): Response => {
    if (!isFlooding) {
      return method === 'POST'
        ? Response.json({ active: true, sub: 'x', aud: AUDIENCE, scope: 'a' })
        : Response.json({ keys: [key.jwk] })
    }
    calls += 1
    if (method !== 'POST') return Response.json({ keys: [key.jwk] })
    if (flood.introspection === undefined) throw new TypeError('fetch failed')
    return flood.introspection()
  }
  const verifier = createVerifier({
    issuers: [
      oauth({
        issuer: ISSUER,
        audience: AUDIENCE,
        jwksUri: `${ISSUER}/jwks`,
        introspection: { endpoint: `${ISSUER}/introspect`, clientId: 'a', clientSecret: 'b' },
        // oxlint-disable-next-line typescript/require-await -- what is thrown must be a rejection.
        fetch: async (_input, init) => answer(init?.method),
        remote: { retries: 0 },
      }),
    ],
    // A clock that stands still: what is forgotten in time would hide what is kept for ever.
    clock: () => now,
    onDecision: ({ outcome, source }) => {
      if (outcome === 'accepted' && source === 'cache') answeredFromMemory += 1
    },
  })

  const honest = Array.from({ length: HONEST }, (_, index) =>
    index % 2 === 0
      ? `honest-${index}`
      : signJwt(
          key,
          { alg: 'ES256', kid: 'key' },
          { iss: ISSUER, aud: AUDIENCE, sub: `${index}`, exp: now / 1000 + 600 },
        ),
  )
  for (const token of honest) await verifier.verify(token)

  isFlooding = true
  const reasons: Record<string, number> = {}
  const note = (reason: string): void => {
    reasons[reason] = (reasons[reason] ?? 0) + 1
  }
  let heapHalfway = 0
  for (let index = 0; index < count; index += 1) {
    await flood.send(verifier, index).then(
      () => note('none'),
      (error: unknown) => note((error as Refusal).reason),
    )
    if (index === count / 2) heapHalfway = heapAfterCollection()
    // Now and then the event loop must turn, as it does in a server: timers and collected signals are handled there.
    if (index % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const heapAtEnd = heapAfterCollection()

  answeredFromMemory = 0
  for (const token of honest) await verifier.verify(token)
  return { heapHalfway, heapAtEnd, calls, reasons, honest: answeredFromMemory }
}

const [kind = '', count = '1000'] = process.argv.slice(2)
const flood = FLOODS[kind]
if (flood === undefined) throw new Error(`no flood is named ${kind}`)
console.log(JSON.stringify(await run(flood, Number(count))))
