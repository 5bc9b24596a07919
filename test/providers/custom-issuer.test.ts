import { describe, expect, it } from 'vitest'
import {
  ConfigurationError,
  createVerifier,
  type Decision,
  type Issuer,
  type RemoteProfile,
  type TokenFacts,
} from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { testBed } from '../support/test-bed.js'

interface Answer {
  readonly ok: boolean
  readonly machine: string
  readonly may: readonly string[]
}

/** Custom issuer of opaque tokens with the prefix `own_`, which are verified at a custom endpoint. */
function own(by: TestIssuer, parts: Partial<Issuer> = {}): Issuer {
  const remote: RemoteProfile = {
    endpoint: `${by.url}/introspect`,
    options: { maxBytes: 4096 },
    request: (token) => ({ headers: { 'content-type': 'text/plain' }, body: token }),
    read({ status, json }) {
      if (status !== 200) return { fault: 'issuer_unavailable', detail: `status ${status}` }
      const { ok, machine, may } = json as Answer
      if (!ok) return { active: false, reason: 'token_inactive', detail: 'not ok' }
      return {
        active: true,
        facts: { subject: machine, scopes: may, audience: ['orders'], claims: { machine } },
      }
    },
  }
  return {
    name: 'own',
    provider: 'home-made',
    audience: ['orders'],
    scopeMatcher: (granted, demanded) => granted === demanded,
    opaque: { prefix: 'own_' },
    remote,
    ...parts,
  }
}

/** Custom issuer whose JWTs are verified with configured keys. */
function signing(by: TestIssuer, parts: Partial<NonNullable<Issuer['jwt']>> = {}): Issuer {
  return {
    name: 'signing',
    provider: 'home-made',
    audience: null,
    scopeMatcher: (granted, demanded) => granted === demanded,
    jwt: {
      issuers: [by.url],
      checked: 'local',
      keys: { kind: 'static', jwks: by.jwks() },
      algorithms: ['ES256'],
      validateHeader: ({ typ }) =>
        typ === 'at+jwt' ? undefined : { reason: 'type_not_allowed', detail: 'typ' },
      readClaims: (claims): TokenFacts => ({
        subject: String(claims['sub']),
        scopes: ['a'],
        audience: [],
        claims,
      }),
      ...parts,
    },
  }
}

describe('a custom issuer', () => {
  it('verifies opaque tokens, which are cached, shared and evaluated against policies like others', async () => {
    const { issuer, outcome, verifier } = await testBed({ issuers: (by) => [own(by)] })
    issuer.fail('introspection', { status: 200, body: { ok: true, machine: 'billing', may: ['a'] } })
    expect(await verifier.verify('own_1', { scopes: 'a' })).toMatchObject({
      provider: 'home-made',
      issuer: 'own',
      subject: 'billing',
      claims: { machine: 'billing' },
    })
    expect(await outcome('own_1', { scopes: 'b' })).toBe('scope_insufficient')
    expect(issuer.calls).toMatchObject({ introspection: 1, total: 1 })
    issuer.fail('introspection', { status: 200, body: { ok: false } })
    expect(await outcome('own_2')).toBe('token_inactive')
    issuer.fail('introspection', 500)
    expect(await outcome('own_3')).toBe('issuer_unavailable')
    expect(await outcome('other')).toBe('issuer_unknown')
  })

  it('may return an inactive result for a status alone, but not for an HTML page', async () => {
    const read: RemoteProfile['read'] = ({ status }) =>
      status === 404
        ? { active: false, reason: 'token_inactive', detail: 'not there' }
        : { fault: 'issuer_unavailable', detail: `status ${status}` }
    const { issuer, outcome } = await testBed({
      issuers: (by) => [own(by, { remote: { ...own(by).remote!, read } })],
    })
    const page = { 'content-type': 'text/html' }
    issuer.fail('introspection', { status: 404, headers: page, body: '<p>Not found</p>' })
    expect(await outcome('own_1')).toBe('issuer_unavailable')
    issuer.fail('introspection', { status: 404, body: {} })
    expect(await outcome('own_1')).toBe('token_inactive')
  })

  it('validates its JWTs with its own rules', async () => {
    const { jwt, issuer, outcome } = await testBed({
      issuers: (by) => {
        by.addKey({ algorithm: 'ES256', use: true })
        return [signing(by)]
      },
    })
    expect(await outcome(jwt(), { scopes: 'a' })).toBe('accepted')
    expect(await outcome(jwt({ header: { typ: 'JWT' } }))).toBe('type_not_allowed')
    expect(await outcome(issuer.mintJwt({ algorithm: 'EdDSA' }))).toBe('algorithm_not_allowed')
    expect(issuer.calls.total).toBe(0)
  })

  it('evaluates validateToken on each request, for cached tokens too', async () => {
    let closed = false
    const { issuer, outcome } = await testBed({
      issuers: (by) => [
        own(by, {
          validateToken: () => (closed ? { reason: 'client_not_allowed', detail: 'closed' } : undefined),
        }),
      ],
    })
    issuer.fail('introspection', { status: 200, body: { ok: true, machine: 'billing', may: [] } })
    expect(await outcome('own_1')).toBe('accepted')
    closed = true
    expect(await outcome('own_1')).toBe('client_not_allowed')
    expect(issuer.calls.introspection).toBe(1)
  })

  const mistake = 'a mistake in the issuer'
  // The error of these functions may quote a response or a credential, so its message must not appear.
  const thrownBy = (name: string): string => `the ${name} function of the issuer threw an error`

  it.each<[string, string, (by: TestIssuer) => Issuer]>([
    ['read', thrownBy('read'), (by) => own(by, { remote: { ...own(by).remote!, read: broken } })],
    ['request', thrownBy('request'), (by) => own(by, { remote: { ...own(by).remote!, request: broken } })],
    ['validateToken', mistake, (by) => own(by, { validateToken: broken })],
  ])('whose %s throws lets no request through: undecidable', async (_, because, make) => {
    const { issuer, verifier } = await testBed({ issuers: (by) => [make(by)] })
    issuer.fail('introspection', { status: 200, body: { ok: true, machine: 'billing', may: [] } })
    const decision = await verifier.authorize({ headers: { authorization: 'Bearer own_1' } })
    expect(decision.outcome).toBe('undecidable')
    if (decision.outcome === 'undecidable') {
      expect(decision.refusal.cause).toEqual(new Error(because))
    }
  })

  it.each(['validateHeader', 'readClaims'])(
    'whose %s throws lets no request through either',
    async (part) => {
      const { jwt, verifier } = await testBed({
        issuers: (by) => {
          by.addKey({ algorithm: 'ES256', use: true })
          return [signing(by, { [part]: broken })]
        },
      })
      const decision = await verifier.authorize({ headers: { authorization: `Bearer ${jwt()}` } })
      expect(decision.outcome).toBe('undecidable')
    },
  )
})

/** Facts that custom functions in JavaScript may return. Each would let a request through if it were accepted. */
const WRONG_FACTS: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ['an expiry as a string', { expiresAt: '1' }, 'expiresAt must be a number of seconds or undefined'],
  ['an expiry that is not a number', { expiresAt: Number.NaN }, 'expiresAt must be a number of seconds'],
  ['an expiry of null', { expiresAt: null }, 'expiresAt must be'],
  ['a time of issue as a date', { issuedAt: new Date() }, 'issuedAt must be'],
  ['a notBefore as a string', { notBefore: '1' }, 'notBefore must be'],
  ['scopes as a string', { scopes: 'apple' }, 'scopes must be a list of strings'],
  ['scopes that are not strings', { scopes: [['a']] }, 'scopes must be a list of strings'],
  ['no scopes', { scopes: undefined }, 'scopes must be a list of strings'],
  ['audiences as a string', { audience: 'orders.evil' }, 'audience must be a list of strings'],
  ['a subject that is not a string', { subject: 7 }, 'subject must be a string'],
  ['a client id that is not a string', { clientId: ['billing'] }, 'clientId must be a string or undefined'],
  ['a token id that is not a string', { tokenId: {} }, 'tokenId must be a string or undefined'],
  ['an issuer that is not a string', { issuer: 1 }, 'issuer must be a string or undefined'],
]

describe('facts of the wrong type let no request through: undecidable, and the cause names the fact', () => {
  const good = { subject: 'billing', scopes: ['a'], audience: ['orders'], claims: {} }
  const because = (decision: Decision): unknown =>
    decision.outcome === 'undecidable' ? String(decision.refusal.cause) : decision.outcome

  it.each([
    ...WRONG_FACTS,
    ['claims that are absent', { claims: undefined }, 'claims must be an object'],
  ] as typeof WRONG_FACTS)('of a JWT: %s', async (_, wrong, complaint) => {
    const { jwt, verifier } = await testBed({
      issuers: (by) => {
        by.addKey({ algorithm: 'ES256', use: true })
        return [signing(by, { readClaims: () => ({ ...good, ...wrong }) })]
      },
    })
    const request = { headers: { authorization: `Bearer ${jwt()}` } }
    for (const policy of [undefined, { scopes: 'a' }]) {
      expect(because(await verifier.authorize(request, policy))).toContain(
        `TypeError: an issuer's facts: ${complaint}`,
      )
    }
  })

  it.each(WRONG_FACTS)('of a response: %s', async (_, wrong, complaint) => {
    const facts = { ...good, ...wrong } as TokenFacts
    const { issuer, verifier } = await testBed({
      issuers: (by) => [own(by, { remote: { ...own(by).remote!, read: () => ({ active: true, facts }) } })],
    })
    issuer.fail('introspection', { status: 200, body: {} })
    const request = { headers: { authorization: 'Bearer own_1' } }
    expect(because(await verifier.authorize(request))).toContain(`TypeError: an issuer's facts: ${complaint}`)
  })

  it.each([
    ['facts', 'facts', Object.assign(Object.create({ expiresAt: 1 }) as object, good)],
    ['claims', 'claims', { ...good, claims: Object.create({ cnf: {} }) as object }],
  ])('%s that inherit members, which nothing would read', async (_, name, facts) => {
    const read = () => ({ active: true, facts: facts as TokenFacts }) as const
    const { issuer, verifier } = await testBed({
      issuers: (by) => [own(by, { remote: { ...own(by).remote!, read } })],
    })
    issuer.fail('introspection', { status: 200, body: {} })
    const cause = because(await verifier.authorize({ headers: { authorization: 'Bearer own_1' } }))
    expect(cause).toContain(`${name} must be a plain object`)
  })

  it('claims that are frozen at the top only are frozen deeply', async () => {
    const { jwt, verifier } = await testBed({
      issuers: (by) => {
        by.addKey({ algorithm: 'ES256', use: true })
        const readClaims = (claims: TokenFacts['claims']): TokenFacts => ({
          ...good,
          // Absent facts may be null, an expiry may be infinite, and bytes cannot be frozen.
          ...({ issuer: null, clientId: null, tokenId: null } as object),
          expiresAt: Number.POSITIVE_INFINITY,
          claims: Object.freeze({
            ...claims,
            roles: ['a'],
            in: Object.freeze({ depth: {} }),
            raw: Buffer.from('x'),
          }),
        })
        return [signing(by, { readClaims })]
      },
    })
    const found = await verifier.verify(jwt({ claims: { exp: undefined } }))
    const { claims } = found
    expect(found).toMatchObject({ issuer: 'signing', expiresAt: Number.POSITIVE_INFINITY })
    expect(found).not.toHaveProperty('clientId')
    expect(Object.isFrozen(claims['roles'])).toBe(true)
    expect(Object.isFrozen((claims['in'] as { readonly depth: object }).depth)).toBe(true)
  })
})

function broken(): never {
  throw new Error('a mistake in the issuer')
}

describe('an issuer without a property that security depends on is refused at start', () => {
  it.each<[string, (good: Issuer) => unknown]>([
    ['no name', (good) => ({ ...good, name: undefined })],
    ['no provider', (good) => ({ ...good, provider: undefined })],
    ['no word about the audience', (good) => ({ ...good, audience: undefined })],
    ['an empty audience', (good) => ({ ...good, audience: [] })],
    ['no way to compare scopes', (good) => ({ ...good, scopeMatcher: undefined })],
    ['neither JWTs nor opaque tokens', (good) => ({ ...good, opaque: undefined })],
    ['opaque tokens without remote', (good) => ({ ...good, remote: undefined })],
    ['JWTs checked locally without keys', (good) => withJwt(good, { checked: 'local', keys: null })],
    [
      'JWTs that are verified remotely, without remote',
      (good) => ({ ...withJwt(good, { checked: 'remote' }), opaque: undefined, remote: undefined }),
    ],
    ['JWTs it can tell by nothing', (good) => withJwt(good, { issuers: null })],
    ['a string', () => 'https://issuer.test'],
    ['null', () => null],
  ])('%s', async (_, spoil) => {
    const { issuer } = await testBed()
    const make = (one: unknown) => createVerifier({ issuers: [one as Issuer] })
    expect(() => make(own(issuer))).not.toThrow()
    expect(() => make(spoil(own(issuer)))).toThrow(ConfigurationError)
  })

  it('two issuers with one name', async () => {
    const { issuer } = await testBed()
    const twice = [own(issuer), own(issuer, { opaque: { prefix: 'other_' } })]
    expect(() => createVerifier({ issuers: twice })).toThrow(/issuers\[1\]/)
  })
})

function withJwt(good: Issuer, parts: Record<string, unknown>): Record<string, unknown> {
  const jwt = {
    issuers: ['https://issuer.test'],
    checked: 'local',
    keys: { kind: 'remote', url: 'https://issuer.test/jwks' },
    algorithms: ['ES256'],
    validateHeader: () => undefined,
    readClaims: broken,
  }
  return { ...good, jwt: { ...jwt, ...parts } }
}
