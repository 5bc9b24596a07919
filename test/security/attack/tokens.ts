import type { MintJwtOptions, TestIssuer } from '../../../src/testing/index.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import type { TokenTruth } from './oracle.js'

type Kind = Omit<MintJwtOptions, 'scopes' | 'age'> & {
  readonly format: 'jwt' | 'opaque'
  readonly scopes?: readonly string[]
  readonly age?: number
  readonly isGenuine?: boolean
  /** Changes a minted token into another one. */
  readonly change?: (token: string, issuer: TestIssuer) => string
}

const SCOPES = [[], ['a'], ['a', 'b'], ['b', 'c'], ['a', 'b', 'c']]
const AGES = [0, 600, 2000]

const genuine: readonly Kind[] = SCOPES.flatMap((scopes, index) =>
  (['jwt', 'opaque'] as const).map((format) => ({
    format,
    scopes,
    age: AGES[index % AGES.length]!,
    clientId: index % 2 === 0 ? 'billing' : 'stock',
  })),
)

const lastSegmentCut = (token: string): string => token.slice(0, -4)

/** Tokens that are wrong in one way each; most have every scope, so that nothing else refuses them. */
const broken: readonly Kind[] = [
  { format: 'jwt', audience: 'https://elsewhere.example' },
  { format: 'opaque', audience: 'https://elsewhere.example' },
  { format: 'jwt', confirmation: { jkt: 'x' } },
  { format: 'opaque', confirmation: { jkt: 'x' } },
  { format: 'jwt', header: { typ: 'dpop+jwt' } },
  { format: 'jwt', header: { crit: ['x'], x: 1 } },
  { format: 'jwt', claims: { nonce: 'n' } },
  { format: 'jwt', change: lastSegmentCut },
  { format: 'opaque', change: (token) => `${token}x` },
  { format: 'jwt', change: withRogueKey },
  {
    format: 'opaque',
    change: (token, issuer) => {
      issuer.revoke(token)
      return token
    },
  },
]

const wrong = broken.map((kind): Kind => ({ ...kind, scopes: ['a', 'b', 'c'], isGenuine: false }))

const untimely: readonly Kind[] = [
  { format: 'jwt', scopes: ['a', 'b', 'c'], age: 900, expiresIn: -60 },
  { format: 'opaque', scopes: ['a', 'b', 'c'], age: 900, expiresIn: -60 },
  { format: 'jwt', scopes: ['a', 'b', 'c'], age: -300 },
  { format: 'jwt', scopes: ['a', 'b', 'c'], expiresIn: 20 },
]

// Genuine tokens come more often, so that many requests reach the later steps.
const KINDS: readonly Kind[] = [...genuine, ...genuine, ...genuine, ...wrong, ...untimely]

/** How many tokens an issuer has in the attack. */
export const TOKENS_PER_ISSUER = KINDS.length

/** Mints one token of each kind, and says what is true of it. */
export function mintAll(issuer: TestIssuer, time: number): readonly TokenTruth[] {
  // As issuers write times.
  const now = Math.floor(time)
  return KINDS.map(({ format, isGenuine = true, change, ...options }) => {
    const { scopes = [], age = 0, clientId = 'billing', expiresIn = 3600 } = options
    const mint = { ...options, clientId }
    const token = format === 'jwt' ? issuer.mintJwt({ algorithm: 'ES256', ...mint }) : issuer.mintOpaque(mint)
    return {
      token: change === undefined ? token : change(token, issuer),
      issuer: issuer.url,
      isGenuine,
      scopes,
      client: clientId,
      issuedAt: now - age,
      notBefore: undefined,
      expiresAt: now + Number(expiresIn),
    }
  })
}

/** The same claims and key id under a key that the issuer never had. */
function withRogueKey(token: string): string {
  const [header = '', payload = ''] = token.split('.')
  return seal(keyOf('ES256', 'rogue'), Buffer.from(header, 'base64url'), Buffer.from(payload, 'base64url'))
}
