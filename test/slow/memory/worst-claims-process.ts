import { createVerifier, oauth, type DecisionEvent } from '../../../src/index.js'
import { createSigningKey, signJwt } from '../../../src/testing/state/signing-keys.js'

// A process with a small heap; worst-claims.test.ts starts it. Its senders choose the claims of their tokens.
const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://orders.internal'
const now = Date.now() / 1000
const key = createSigningKey('es', 'ES256', {})

let count = 0
const unique = (): string => `k${(count++).toString(36)}`
const repeated = (length: number, piece: () => string): string => {
  let text = piece()
  while (text.length < length) text += `,${piece()}`
  return text
}

/** JSON of about a given length that takes as much memory as possible when it is parsed. */
const WORST: readonly ((length: number) => string)[] = [
  (length) => `[${repeated(length, () => '{}')}]`,
  (length) => `[${repeated(length, () => '[]')}]`,
  (length) => `[${repeated(length, () => `{"${unique()}":1}`)}]`,
  (length) => `{${repeated(length, () => `"${unique()}":{}`)}}`,
  (length) => `{${repeated(length, () => `"\u0100${unique()}":1`)}}`,
  (length) => `[${repeated(length, () => '1.5')}]`,
  (length) => `["\u0100${'x'.repeat(length)}"]`,
]

const claims = (scope: string, extra: string, audience = AUDIENCE): string =>
  `{"active":true,"iss":"${ISSUER}","aud":"${audience}","sub":"${unique()}","scope":"${scope}",` +
  `"iat":${Math.floor(now)},"exp":${Math.floor(now) + 3600},"x":${extra}}`

const answers = new Map<string, string>()
const opaque = (answer: string): string => {
  const token = `token-${unique()}`
  answers.set(token, answer)
  return token
}
const header = { alg: 'ES256', kid: 'es', typ: 'at+jwt' }
const jwt = (text: string): string => signJwt(key, header, JSON.parse(text) as Record<string, unknown>)

const events: DecisionEvent[] = []
const verifier = createVerifier({
  issuers: [
    oauth({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks: { keys: [key.jwk] },
      introspection: { clientId: 'x', clientSecret: 'y', endpoint: `${ISSUER}/introspect` },
      remote: { lifetime: '1h', refusedLifetime: '60s' },
      fetch: async (_, init) => {
        const token = new URLSearchParams(init?.body as string).get('token') ?? ''
        const answer = answers.get(token) ?? '{"active":false}'
        answers.delete(token)
        return Promise.resolve(new Response(answer))
      },
    }),
  ],
  onDecision: (event) => void events.push(event),
})

const sources = async (tokens: readonly string[]): Promise<readonly (string | undefined)[]> => {
  events.length = 0
  for (const token of tokens) await verifier.verify(token)
  return events.map(({ source }) => source)
}

const valid = Array.from({ length: 100 }, (_, index) => {
  const text = claims('orders:read', '{"tenant":"acme","roles":["a","b"]}')
  return index % 2 === 0 ? opaque(text) : jwt(text)
})
await sources(valid)

let accepted = 0
let refused = 0
let fromCache = 0
const rounds = Number(process.argv[2])
for (let round = 0; round < rounds; round += 1) {
  for (const make of WORST) {
    const scopes = Array.from({ length: 300 }, unique).join(' ')
    const flood = [
      opaque(claims('a', make(13_500))),
      opaque(claims(scopes, make(9_000))),
      jwt(claims('a', make(4_900))),
      jwt(claims(scopes.slice(0, 1500), make(2_500))),
    ]
    for (const token of flood) {
      await verifier.verify(token)
      await verifier.verify(token)
      accepted += 1
    }
    const bad = [opaque(claims('a', make(12_000), 'https://another.test')), unique(), unique(), unique()]
    for (const token of bad) {
      await verifier.verify(token).catch(() => (refused += 1))
    }
  }
  if (round % 50 === 0) fromCache += (await sources(valid)).filter((source) => source === 'cache').length
}
const last = await sources(valid)
// Claims that are kept as text are there for whoever reads them, and cannot be changed.
const large = opaque(claims('a', WORST[0]!(14_997)))
const [first, second] = [await verifier.verify(large), await verifier.verify(large)]
console.log(
  JSON.stringify({
    accepted,
    refused,
    looks: Math.ceil(rounds / 50),
    fromCache,
    last: last.filter((source) => source === 'cache').length,
    members: (first.claims['x'] as unknown[]).length,
    isFrozen: Object.isFrozen(second.claims) && Object.isFrozen(second.claims['x']),
    isSame: JSON.stringify(first) === JSON.stringify(second),
  }),
)
