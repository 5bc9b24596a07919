import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { createSigningKey, signJwt, type SigningKey } from '../../src/testing/state/signing-keys.js'
import { NOW } from '../support/clock.js'
import { withReservedKeys } from '../support/tokens/reserved-keys.js'

export const ISSUER = 'https://auth.example.com'
export const AUDIENCE = 'https://orders.internal'

/** Keys of the issuer. */
export const KEYS = {
  rs: withReservedKeys(() => createSigningKey('rs', 'RS256', {})),
  ps: withReservedKeys(() => createSigningKey('ps', 'PS256', {})),
  es: createSigningKey('es', 'ES256', {}),
  ed: createSigningKey('ed', 'Ed25519', {}),
} as const
/** Key of an attacker, with the id of the first key. */
const ATTACKER = withReservedKeys(() => createSigningKey('rs', 'RS256', {}))

/** Published key set. The Ed25519 key has no `alg`, because its algorithm has two names. */
export const JWKS = {
  keys: Object.values(KEYS).map(({ jwk }) => {
    const { alg, ...rest } = jwk
    return jwk.kid === 'ed' ? rest : { ...rest, alg }
  }),
}

type Members = Readonly<Record<string, unknown>>
type Change = readonly [name: string, value: unknown]

const odd = fc.constantFrom<unknown>(
  undefined,
  null,
  '',
  0,
  -1,
  1.5,
  true,
  [],
  ['x'],
  [1],
  {},
  'x',
  '__proto__',
)
const times = fc.oneof(
  fc.integer({ min: NOW - 20, max: NOW + 20 }),
  fc.constantFrom<unknown>(NOW + 4.5, NOW - 4.5, NOW * 1000, '1800000000', 1e308, -NOW, 0),
)

const headerChange: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(
    fc.constant('alg'),
    fc.constantFrom('RS256', 'RS384', 'PS256', 'ES256', 'EdDSA', 'Ed25519', 'HS256', 'none', 'rs256', 'None'),
  ),
  fc.tuple(fc.constant('kid'), fc.constantFrom('rs', 'ps', 'es', 'ed', 'other', undefined)),
  fc.tuple(
    fc.constant('typ'),
    fc.constantFrom(
      'JWT',
      'jwt',
      'at+jwt',
      'application/at+jwt',
      'AT+JWT',
      'dpop+jwt',
      'logout+jwt',
      'id+jwt',
      undefined,
    ),
  ),
  fc.tuple(fc.constant('cty'), fc.constantFrom('JWT', 'application/jwt', 'json')),
  fc.tuple(fc.constant('crit'), fc.constantFrom<unknown>([], ['b64'], ['exp'], ['x'], null)),
  fc.tuple(fc.constantFrom('b64', 'zip'), fc.constantFrom<unknown>(true, false, 'DEF')),
  fc.tuple(fc.constantFrom('jku', 'x5u', 'jwk', 'x5c', '__proto__', 'constructor'), odd),
  fc.tuple(fc.constantFrom('alg', 'kid', 'typ', 'cty'), odd),
)

const claimChange: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(fc.constantFrom('exp', 'nbf', 'iat'), times),
  fc.tuple(
    fc.constant('iss'),
    fc.constantFrom(ISSUER, `${ISSUER}/`, ISSUER.toUpperCase(), 'https://evil.example'),
  ),
  fc.tuple(
    fc.constant('aud'),
    fc.constantFrom<unknown>(
      AUDIENCE,
      [AUDIENCE, 'x'],
      ['x', AUDIENCE],
      'x',
      [AUDIENCE, 1],
      [[AUDIENCE]],
      `${AUDIENCE}/`,
    ),
  ),
  fc.tuple(fc.constantFrom('scope', 'scp'), fc.constantFrom<unknown>('a b', ['a'], ['a', 1], 7, {}, null)),
  fc.tuple(fc.constantFrom('nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'cnf', 'may_act'), odd),
  fc.tuple(
    fc.constantFrom('token_use', 'typ'),
    fc.constantFrom('id', 'ID', 'refresh', 'refresh_token', 'Offline', 'logout', 'access', 'Bearer'),
  ),
  fc.tuple(fc.constantFrom('iss', 'sub', 'aud', 'jti', 'client_id', 'azp', 'exp', 'nbf', 'iat'), odd),
)

type Signer = (header: Members, claims: Members) => string

const byIssuer: fc.Arbitrary<Signer> = fc
  .constantFrom<SigningKey>(...Object.values(KEYS))
  .map((key) => (header, claims) => signJwt(key, { alg: key.algorithm, kid: key.kid, ...header }, claims))
const byAttacker = fc.constantFrom<Signer>(
  (header, claims) => signJwt(ATTACKER, { alg: 'RS256', kid: 'rs', ...header }, claims),
  // Algorithm confusion: the public key as an HMAC secret.
  (header, claims) => {
    const input = [{ kid: 'rs', ...header, alg: 'HS256' }, claims].map(encode).join('.')
    return `${input}.${createHmac('sha256', KEYS.rs.publicKeyPem).update(input).digest('base64url')}`
  },
  (header, claims) => `${encode({ ...header, alg: 'none' })}.${encode(claims)}.`,
)

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Changes members, and omits those that are `undefined`. A `__proto__` stays a member. */
function changed(members: Members, changes: readonly Change[]): Members {
  const entries = [...Object.entries(members), ...changes]
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** Tokens whose header and claims were changed before they were signed, mostly by the issuer. */
export const signedTokens: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(headerChange, { maxLength: 1 }),
    fc.array(claimChange, { maxLength: 2 }),
    fc.oneof({ weight: 5, arbitrary: byIssuer }, { weight: 1, arbitrary: byAttacker }),
  )
  .map(([headerChanges, claimChanges, sign]) => {
    const header = changed({ typ: 'at+jwt' }, headerChanges)
    const usual = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'billing',
      iat: NOW - 60,
      exp: NOW + 600,
      scope: 'a',
    }
    return sign(header, withoutAbsent(usual, claimChanges))
  })

function withoutAbsent(usual: Members, changes: readonly Change[]): Members {
  const absent = new Set(changes.filter(([, value]) => value === undefined).map(([name]) => name))
  const members = changed(usual, changes)
  return Object.fromEntries(Object.entries(members).filter(([name]) => !absent.has(name)))
}

/** Changes of a signed token: of a character, of a segment, of the number and order of segments. */
export const textChange: fc.Arbitrary<(token: string) => string> = fc.oneof(
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom('A', 'B', '-', '_', '=', '.', '+', '/', ' ', '\n', '\0', 'é', ''),
      fc.boolean(),
    )
    .map(([at, character, insert]) => (token: string) => {
      const index = at % (token.length + 1)
      return token.slice(0, index) + character + token.slice(index + (insert ? 0 : 1))
    }),
  fc.constantFrom(
    (token: string) => `${token}=`,
    (token: string) => `${token}.`,
    (token: string) => `.${token}`,
    (token: string) => token.split('.').slice(0, 2).join('.'),
    (token: string) => `${token.split('.').slice(0, 2).join('.')}.`,
    (token: string) => `${token}.${token}`,
    (token: string) => token.split('.').reverse().join('.'),
    (token: string) => token.replaceAll('-', '+').replaceAll('_', '/'),
    (token: string) => token.toUpperCase(),
    (token: string) => token + 'A'.repeat(9000),
    spareBits,
  ),
)

/** Another encoding of the same bytes: bits after the last byte of the signature are set. */
function spareBits(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) | 1)
}

/** Signed JSON that no serializer writes: duplicate members, a byte order mark, deep nesting. */
export const rawClaims: fc.Arbitrary<Buffer> = fc
  .constantFrom(
    `{"sub":"a","sub":"b",${usualText()}}`,
    `{"exp":1,${usualText()}}`,
    `{${usualText()},"exp":1}`,
    `\ufeff{${usualText()},"sub":"a"}`,
    ` {${usualText()},"sub":"a"} `,
    `{${usualText()},"sub":"a","nbf":1e400}`,
    `{${usualText()},"sub":"\\ud800"}`,
    `{${usualText()},"sub":"a","x":${'['.repeat(70)}${']'.repeat(70)}}`,
    `{${usualText()},"sub":"a","x":${'['.repeat(60)}${']'.repeat(60)}}`,
    '[]',
    'null',
    '"text"',
    '{',
    '',
  )
  .map((text) => Buffer.from(text))

function usualText(): string {
  return JSON.stringify({ iss: ISSUER, aud: AUDIENCE, iat: NOW - 60, exp: NOW + 600 }).slice(1, -1)
}
