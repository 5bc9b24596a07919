import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, type Issuer, type RemoteProfile } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { testBed } from '../support/test-bed.js'
import { own, signing } from './custom-issuers.js'

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
