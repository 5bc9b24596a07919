import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, stytch, type ClaimRules } from '../../../src/index.js'
import { refusalOf } from '../../support/outcomes.js'
import { testBed, type TestBed } from '../../support/test-bed.js'

const withRule = (claims: ClaimRules): Promise<TestBed> =>
  testBed({ issuers: (by) => [oauth(by.oauth({ claims }))] })

const KUBERNETES = { 'kubernetes.io': { namespace: 'orders', pod: { name: ['a', 'b'] } } }

type Claims = Readonly<Record<string, unknown>>

const CASES: readonly [ClaimRules, Claims, boolean][] = [
  [{ tenant: 'acme' }, { tenant: 'acme' }, true],
  [{ tenant: 'acme' }, { tenant: 'Acme' }, false],
  [{ tenant: 'acme' }, { tenant: 'acme ' }, false],
  [{ tenant: 'acme' }, {}, false],
  [{ tenant: 'acme' }, { tenant: null }, false],
  [{ tenant: 'acme' }, { tenant: '' }, false],
  [{ tenant: 'acme' }, { tenant: { acme: 'acme' } }, false],
  [{ tenant: 'acme' }, { tenant: ['other', 'acme'] }, true],
  [{ tenant: 'acme' }, { tenant: ['other'] }, false],
  [{ tenant: 'acme' }, { tenant: [['acme']] }, false],
  [{ tenant: 'acme' }, { tenant: [] }, false],
  [{ region: ['eu', 'us'] }, { region: 'us' }, true],
  [{ region: ['eu', 'us'] }, { region: ['ap', 'us'] }, true],
  [{ region: ['eu', 'us'] }, { region: 'ap' }, false],
  [{ region: ['eu', 'us'] }, { region: 'eu us' }, false],
  [{ tenant: 'acme', region: 'eu' }, { tenant: 'acme', region: 'eu' }, true],
  [{ tenant: 'acme', region: 'eu' }, { tenant: 'acme' }, false],
  [{ verified: true }, { verified: true }, true],
  [{ verified: true }, { verified: 'true' }, false],
  [{ verified: true }, { verified: 1 }, false],
  [{ level: 1 }, { level: 1 }, true],
  [{ level: 1 }, { level: '1' }, false],
  [{ level: 0 }, { level: false }, false],
  [{ level: [1, '1'] }, { level: '1' }, true],
  [{ 'https://example.com/tenant': 'acme' }, { 'https://example.com/tenant': 'acme' }, true],
  [KUBERNETES, { 'kubernetes.io': { namespace: 'orders', pod: { name: 'b' } } }, true],
  [KUBERNETES, { 'kubernetes.io': { namespace: 'orders', pod: { name: 'c' } } }, false],
  [KUBERNETES, { 'kubernetes.io': { namespace: 'orders' } }, false],
  [KUBERNETES, { 'kubernetes.io': 'orders' }, false],
  [KUBERNETES, { 'kubernetes.io': [{ namespace: 'orders', pod: { name: 'b' } }] }, false],
  [{ constructor: { name: 'Object' } }, {}, false],
  [JSON.parse('{"__proto__": "acme"}') as ClaimRules, {}, false],
]

describe('claims: a rule for every token of an issuer', () => {
  it.each(CASES)('%j and a token with %j: %s', async (rules, claims, isAccepted) => {
    const { jwt, opaque, outcome } = await withRule(rules)
    const expected = isAccepted ? 'accepted' : 'claim_invalid'
    expect(await outcome(jwt({ claims }))).toBe(expected)
    expect(await outcome(opaque({ claims }))).toBe(expected)
  })

  it('refuses with 401 and says what was received and what was expected, in logs only', async () => {
    const { jwt, opaque, verifier } = await withRule({ region: ['eu', 'us'] })
    for (const [claims, detail] of [
      [{ region: 'ap' }, 'region is "ap"'],
      [{ region: 7 }, 'region is 7'],
      [{}, 'region is absent'],
      [{ region: 'a\u202e\n' }, 'region is "a\\u202e\\u000a"'],
    ] as const) {
      for (const token of [jwt({ claims }), opaque({ claims })]) {
        const refusal = await refusalOf(verifier.verify(token))
        expect(refusal).toMatchObject({ reason: 'claim_invalid', status: 401, error: 'invalid_token' })
        expect(refusal.detail).toBe(`${detail}, and the rule claims of the issuer allows ["eu", "us"]`)
        expect(JSON.stringify([refusal, refusal.headers, refusal.message])).not.toContain('region')
      }
    }
  })

  it('quotes at most 100 characters of a value', async () => {
    const { opaque, verifier } = await withRule({ region: 'eu' })
    const refusal = await refusalOf(verifier.verify(opaque({ claims: { region: 'x'.repeat(3000) } })))
    expect(refusal.detail).toContain('region is "xxx')
    expect(refusal.detail).not.toContain('x'.repeat(101))
  })

  it('applies after the signature: a forged token gets its own reason', async () => {
    const { jwt, outcome } = await withRule({ tenant: 'acme' })
    const [header, , signature] = jwt().split('.')
    const [, payload] = jwt({ claims: { tenant: 'acme' } }).split('.')
    expect(await outcome([header, payload, signature].join('.'))).toBe('signature_invalid')
  })

  it('keeps refusing a cached opaque token without a second call', async () => {
    const { opaque, outcome, issuer } = await withRule({ tenant: 'acme' })
    const token = opaque()
    expect(await outcome(token)).toBe('claim_invalid')
    expect(await outcome(token)).toBe('claim_invalid')
    expect(issuer.calls.introspection).toBe(1)
  })

  it('in a confirmation: a claim that contradicts the rule refuses the JWT, an absent one does not', async () => {
    const { jwt, outcome, issuer } = await withRule({ tenant: 'acme', region: ['eu', 'us'] })
    const token = jwt({ claims: { tenant: 'acme', region: 'eu' } })
    for (const [members, expected] of [
      [{}, 'accepted'],
      [{ tenant: null }, 'accepted'],
      [{ tenant: 'acme', region: 'us' }, 'accepted'],
      [{ tenant: 'other' }, 'claim_invalid'],
      [{ region: [] }, 'claim_invalid'],
    ] as const) {
      issuer.fail('introspection', { status: 200, body: { active: true, ...members } })
      expect(await outcome(token, { confirmAfter: 0 }), JSON.stringify(members)).toBe(expected)
    }
    const without = jwt()
    issuer.fail('introspection', { status: 200, body: { active: true, tenant: 'acme', region: 'eu' } })
    expect(await outcome(without, { confirmAfter: 0 })).toBe('claim_invalid')
  })

  it.each([
    ['the response states other claims', { tenant: 'acme' }, { tenant: 'other' }, 'claim_invalid'],
    ['the response states no claims', { tenant: 'acme' }, {}, 'claim_invalid'],
    ['the payload contradicts the rule', { tenant: 'other' }, { tenant: 'acme' }, 'claim_invalid'],
    ['the payload states no claims', {}, { tenant: 'acme' }, 'accepted'],
    ['both follow the rule', { tenant: 'acme' }, { tenant: 'acme' }, 'accepted'],
  ])('of an introspected JWT: %s', async (_, payload, members, expected) => {
    const { jwt, outcome, issuer } = await testBed({
      issuers: (by) => {
        const options = by.oauth({ claims: { tenant: 'acme' } })
        return [oauth({ ...options, introspection: { ...options.introspection!, jwts: true } })]
      },
    })
    const body = { active: true, sub: 'x', aud: 'https://api.test', ...members }
    issuer.fail('introspection', { status: 200, body })
    expect(await outcome(jwt({ claims: { sub: 'x', client_id: undefined, ...payload } }))).toBe(expected)
  })

  it('applies to clerk, stytch and authlete', async () => {
    const rule = { claims: { tenant: 'acme' } }
    const { issuer, outcome } = await testBed({
      issuers: (by) => [
        clerk(by.clerk(rule)),
        stytch(by.stytch(rule)),
        authlete(by.authlete({ ...rule, issuer: by.endpoints.authlete })),
      ],
    })
    for (const [claims, expected] of [
      [{ tenant: 'acme' }, 'accepted'],
      [{ tenant: 'other' }, 'claim_invalid'],
      [{}, 'claim_invalid'],
    ] as const) {
      for (const token of [
        issuer.mintJwt({ provider: 'clerk', claims }),
        issuer.mintOpaque({ provider: 'clerk', claims }),
        issuer.mintJwt({ provider: 'stytch', claims }),
        issuer.mintJwt({ provider: 'authlete', claims }),
      ]) {
        expect(await outcome(token)).toBe(expected)
      }
    }
  })
})
