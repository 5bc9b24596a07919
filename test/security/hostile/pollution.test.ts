import { describe, expect, it } from 'vitest'
import {
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  type Policy,
  type Verifier,
} from '../../../src/index.js'
import { readIntrospection } from '../../../src/introspection/rfc7662.js'
import { scopeClaimReference } from '../../../src/model/claim-path.js'
import { createSigningKey, signJwt, type SigningKey } from '../../../src/testing/state/signing-keys.js'
import { encode, keyOf, mac, seal } from '../../support/tokens/forge.js'
import { AUDIENCE } from '../../support/tokens/attack.js'
import { START } from '../../support/clock.js'
import { reasonOf } from '../../support/outcomes.js'

const ISSUER = 'https://issuer.test'
const key = keyOf('ES256')
const now = START / 1000
const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'billing', iat: now, exp: now + 60, scope: 'a' }
const header = { alg: 'ES256', kid: key.kid }

/** Does something while every object seems to have further members, and cleans up. */
async function polluted<T>(members: Readonly<Record<string, unknown>>, work: () => Promise<T>): Promise<T> {
  const prototype = Object.prototype as unknown as Record<string, unknown>
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(prototype, name, { value, configurable: true, enumerable: true, writable: true })
  }
  try {
    return await work()
  } finally {
    for (const name of Object.keys(members)) Reflect.deleteProperty(prototype, name)
  }
}

/** The keys are configured: no server, and no fetch that a polluted prototype could affect. */
function build(policy: Policy = {}): Verifier {
  return createVerifier({
    policy,
    issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } })],
    clock: () => START,
  })
}

async function outcomes(
  tokens: readonly string[],
  policy?: Policy,
  make: () => Verifier = () => build(),
): Promise<readonly string[]> {
  const verifier = make()
  const found: string[] = []
  for (const token of tokens) {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` }
    found.push(reasonOf(await verifier.authorize({ headers }, policy)))
  }
  return found
}

const without = (name: string): object =>
  Object.fromEntries(Object.entries(claims).filter(([member]) => member !== name))

/** What must stay refused: no token, a token without what the prototype seems to have, and forgeries. */
const refused: readonly (readonly [string, string, string])[] = [
  ['no header', '', 'token_missing'],
  ['no alg', seal(key, { kid: key.kid }, claims), 'algorithm_not_allowed'],
  ['none', `${encode({ alg: 'none' })}.${encode(claims)}.`, 'algorithm_not_allowed'],
  ['a shared secret', mac(256, key.publicKeyPem, { kid: key.kid }, claims), 'algorithm_not_allowed'],
  ['no exp', seal(key, header, without('exp')), 'claim_missing'],
  ['no aud', seal(key, header, without('aud')), 'audience_mismatch'],
  ['no iss', seal(key, header, without('iss')), 'issuer_unknown'],
  ['no sub', seal(key, header, without('sub')), 'claim_missing'],
  ['an unknown kid', seal(key, { alg: 'ES256', kid: 'x' }, claims), 'key_unknown'],
  ['a broken signature', `${seal(key, header, claims).slice(0, -8)}AAAAAAAA`, 'signature_invalid'],
]

describe('J172: members that every object inherits grant nothing', () => {
  it.each<[string, Record<string, unknown>]>([
    ['alg', { alg: 'ES256' }],
    ['kid', { kid: key.kid }],
    ['typ', { typ: 'at+jwt' }],
    ['jwk', { jwk: key.jwk }],
    ['algorithms', { algorithms: ['none', 'HS256', 'ES256'] }],
    ['active', { active: true }],
    ['scope and scp', { scope: 'admin', scp: ['admin'] }],
    ['the registered claims', { iss: ISSUER, aud: AUDIENCE, sub: 'x', exp: 9e9, iat: 1, client_id: 'x' }],
    ['authorization', { authorization: `Bearer ${seal(key, header, claims)}` }],
    ['a policy', { policy: {}, scopes: 'x', check: () => true, clients: ['billing'] }],
    ['the options', { audience: null, clockTolerance: 60, requireAccessTokenType: false, cache: false }],
  ])('%s', async (_, members) => {
    const found = await polluted(members, () => outcomes(refused.map(([, token]) => token)))
    expect(found).toEqual(refused.map(([, , reason]) => reason))
    const honest = await polluted(members, () => outcomes([seal(key, header, claims)]))
    expect(honest).toEqual(['accepted'])
    const greedy = await polluted(members, () => outcomes([seal(key, header, claims)], { scopes: 'admin' }))
    expect(greedy).toEqual(['scope_insufficient'])
  })

  it.each(['keys', 'opaque', 'remote', 'jwt', 'recognises', 'issuers', 'cause', 'then', 'issuer', 'reason'])(
    'whatever %s seems to be, no forgery passes',
    async (name) => {
      const forgeries = refused.map(([, token]) => token)
      for (const value of [true, 'x', {}, [key.jwk], null]) {
        const early = build()
        const late = await polluted({ [name]: value }, () => outcomes(forgeries, undefined, () => early))
        expect(late).not.toContain('accepted')
        // To fail at start, aloud, is as good.
        const atStart = await polluted({ [name]: value }, () => outcomes(forgeries).catch(() => []))
        expect(atStart).not.toContain('accepted')
      }
    },
  )

  it.each(['return', 'throw', 'next', 'done', 'value'])(
    'whatever %s of the iteration protocol seems to be, a decision is the usual one or a 503',
    async (name) => {
      const honest = seal(key, header, claims)
      // Those that need no signature, and a cached token: the test runner must not run while the prototype is polluted.
      const unsigned = ['no header', 'no alg', 'none', 'a shared secret', 'no iss', 'an unknown kid']
      const cases = refused.filter(([what]) => unsigned.includes(what))
      const tokens = [...cases.map(([, token]) => token), honest]
      const usual = [...cases.map(([, , reason]) => reason), 'accepted']
      const [granting, requiring] = [build({ scopes: 'a' }), build({ scopes: 'admin' })]
      expect(await outcomes([honest], undefined, () => granting)).toEqual(['accepted'])
      expect(await outcomes([honest], undefined, () => requiring)).toEqual(['scope_insufficient'])
      for (const value of [false, true, 'x', {}, null, 7]) {
        const members = { [name]: value }
        const found = await polluted(members, () => outcomes(tokens, undefined, () => granting))
        for (const [index, outcome] of found.entries())
          expect([usual[index], 'issuer_unavailable']).toContain(outcome)
        const greedy = await polluted(members, () => outcomes([honest], undefined, () => requiring))
        expect(['scope_insufficient', 'issuer_unavailable']).toContain(greedy[0])
        expect(await outcomes(tokens, undefined, () => granting)).toEqual(usual)
      }
    },
  )

  it('a token without a remote call has no confirmedAt, whatever the polluted prototype has', async () => {
    const found = await polluted({ confirmedAt: 9e9 }, () => build().verify(seal(key, header, claims)))
    expect(Object.hasOwn(found, 'confirmedAt')).toBe(false)
  })

  it.each<[string, unknown]>([
    ['description', {}],
    ['description', 'never sent'],
    ['realm', 'sent-by-nobody'],
    ['realm', 7],
    ['required', 'never sent'],
    ['required', ['sent-by-nobody']],
    ['retryAfterSeconds', 77],
    ['retryAfterSeconds', {}],
    ['cause', new Error('never sent')],
    ['source', 'nobody'],
  ])('what a refusal says is its own, whatever %s (%j) all objects seem to have', async (name, value) => {
    // Refused before its signature is looked at: a polluted prototype also disturbs WebCrypto.
    const bad = seal(key, { kid: key.kid }, claims)
    const told = async (): Promise<unknown> => {
      const decision = await build().authorize({ headers: { authorization: `Bearer ${bad}` } })
      if (decision.outcome === 'accepted') return decision.outcome
      const { reason, status, description, headers, source, required } = decision.refusal
      return { reason, status, description, headers, source, required }
    }
    const expected = await told()
    expect(expected).toMatchObject({ reason: 'algorithm_not_allowed', status: 401, source: 'local' })
    expect(await polluted({ [name]: value }, told)).toEqual(expected)
  })

  describe.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('a key for %s', (algorithm) => {
    const [own, foreign] = [createSigningKey('k', algorithm, {}), createSigningKey('k', algorithm, {})]
    const tokenBy = (signer: SigningKey) => signJwt(signer, { alg: algorithm, kid: 'k' }, claims)
    const [honest, forged] = [tokenBy(own), tokenBy(foreign)]
    it.each<[string, unknown]>([
      ['padding', { key: foreign.publicKeyPem, padding: 1 }],
      ...[1, 3, 4, 6].map((padding): [string, unknown] => ['padding', padding]),
      ['dsaEncoding', 'ieee-p1363'],
      ['dsaEncoding', 'der'],
      ['saltLength', 0],
      ['context', Buffer.from('x')],
      ['numberSize', 32],
      ['digest', 'sha512'],
      ['key', foreign.publicKeyPem],
      ['isQuick', true],
      ['keyObject', foreign.publicKey],
      ['reason', 'token_expired'],
    ])('is used as it is, whatever %s (%j) all objects seem to have', async (name, value) => {
      const verifier = createVerifier({
        issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [own.jwk] } })],
        clock: () => START,
        cache: false,
      })
      const outcome = async (token: string): Promise<string> =>
        reasonOf(await verifier.authorize({ headers: { authorization: `Bearer ${token}` } }))
      // In one go, so that both threads have their share.
      const found = await polluted({ [name]: value }, () =>
        Promise.all([forged, honest, forged, honest].map(outcome)),
      )
      expect(found).toEqual(['signature_invalid', 'accepted', 'signature_invalid', 'accepted'])
    })
  })

  it('introspection: active, subject and client must be own members of the response', async () => {
    const reading = { issuer: ISSUER, scopeClaims: [scopeClaimReference('scope')], clientClaims: [] }
    const verdict = await polluted({ active: true, sub: 'x', client_id: 'x' }, () =>
      Promise.resolve([
        readIntrospection({ status: 200, json: {} }, reading),
        readIntrospection({ status: 200, json: { active: true } }, reading),
      ]),
    )
    expect(verdict).toMatchObject([
      { fault: 'issuer_unavailable' },
      { active: false, reason: 'claim_missing' },
    ])
  })
})

describe('C42: options and policies are what was written in them', () => {
  it('a required option that is only inherited is missing', async () => {
    const attempt = (members: Record<string, unknown>, make: () => unknown): Promise<unknown> =>
      polluted(members, () => {
        try {
          make()
          return Promise.resolve('made')
        } catch (error) {
          return Promise.resolve(error)
        }
      })
    const noAudience = { issuer: ISSUER } as Parameters<typeof oauth>[0]
    expect(await attempt({ audience: AUDIENCE }, () => oauth(noAudience))).toBeInstanceOf(ConfigurationError)
    const noIssuers = {} as Parameters<typeof createVerifier>[0]
    const issuer = oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [key.jwk] } })
    expect(await attempt({ issuers: [issuer] }, () => createVerifier(noIssuers))).toBeInstanceOf(
      ConfigurationError,
    )
    const noAccess = { machineSecretKey: 'ak_x' } as Parameters<typeof clerk>[0]
    expect(await attempt({ jwtAccess: 'any-machine' }, () => clerk(noAccess))).toBeInstanceOf(
      ConfigurationError,
    )
  })

  it('an options object that inherits its members configures nothing', () => {
    const inherited = Object.create({ issuer: ISSUER, audience: AUDIENCE }) as Parameters<typeof oauth>[0]
    expect(() => oauth(inherited)).toThrow(ConfigurationError)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is not an option', (name) => {
    const text = `{"issuer":"${ISSUER}","audience":"x","${name}":{}}`
    expect(() => oauth(JSON.parse(text) as Parameters<typeof oauth>[0])).toThrow(ConfigurationError)
    const verifier = createVerifier({ issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE })] })
    const policy = JSON.parse(`{"${name}":{}}`) as Policy
    expect(() => verifier.verify('x', policy)).toThrow(ConfigurationError)
  })
})
