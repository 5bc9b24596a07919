import { describe, expect, it } from 'vitest'
import { authlete, oauth, type OAuthOptions } from '../../../src/index.js'
import type { MintOptions } from '../../../src/testing/index.js'
import { refusalOf } from '../../support/outcomes.js'
import { testBed, type TestBed } from '../../support/test-bed.js'

const withClients = (clientClaims: OAuthOptions['clientClaims'] & {}): Promise<TestBed> =>
  testBed({ issuers: (by) => [oauth(by.oauth({ clientClaims }))] })

/** Token without the claims that are read by default. */
const without = (claims: object): MintOptions => ({
  subject: 'service-7',
  claims: { client_id: undefined, azp: undefined, ...claims },
})

describe('clientClaims', () => {
  it.each<[string, OAuthOptions['clientClaims'] & {}, object]>([
    ['a name (Okta)', 'cid', { cid: 'billing' }],
    ['a list of names (Entra v1)', ['azp', 'appid'], { appid: 'billing' }],
    ['a name with dots', ['https://example.com/client'], { 'https://example.com/client': 'billing' }],
    ['a path', [['act', 'client']], { act: { client: 'billing' } }],
    ['the first that is present', ['cid', 'client_id'], { client_id: 'webapp', cid: 'billing' }],
    ['the next, if the first is null', ['cid', 'client_id'], { client_id: 'billing', cid: null }],
    ['the subject, if the issuer writes the client there', ['sub'], { sub: 'billing' }],
  ])('names the client of JWTs and opaque tokens: %s', async (_, clientClaims, claims) => {
    const { jwt, opaque, verifier, outcome, events } = await withClients(clientClaims)
    for (const token of [jwt(without(claims)), opaque(without(claims))]) {
      expect(await verifier.verify(token, { clients: 'billing' })).toMatchObject({ clientId: 'billing' })
      expect(await outcome(token, { clients: ['service-7', 'webapp'] })).toBe('client_not_allowed')
      expect(events.at(-1)).toMatchObject({ clientId: 'billing' })
    }
  })

  it.each([
    { act: { client: 7 } },
    { act: { client: '' } },
    { act: { client: ['billing'] } },
    { act: { client: { id: 'billing' } } },
    { act: { client: false } },
    { act: 'billing' },
    { act: ['billing'] },
    { client_id: 'billing', act: { client: 7 } },
  ])('refuse a token with %j, which is not a client, and name the claim', async (claims) => {
    const { jwt, opaque, verifier } = await withClients(['client_id', ['act', 'client']])
    for (const token of [jwt(without(claims)), opaque(without(claims))]) {
      const refusal = await refusalOf(verifier.verify(token))
      expect(refusal).toMatchObject({ reason: 'claim_invalid', status: 401 })
      expect(String(refusal.cause)).toContain('act.client')
    }
  })

  it('are read from the objects of the token only, not from their prototypes', async () => {
    const { jwt, outcome } = await withClients([['act', 'constructor', 'name'], 'toString'])
    expect(await outcome(jwt(without({ act: {} })), { clients: 'Object' })).toBe('client_not_allowed')
    expect(await outcome(jwt(without({ act: {} })), { clients: 'service-7' })).toBe('accepted')
  })

  it('keep the subject from being compared, if another claim names a client', async () => {
    const { jwt, opaque, outcome } = await withClients('cid')
    for (const token of [jwt(without({ client_id: 'webapp' })), opaque(without({ client_id: 'webapp' }))]) {
      expect(await outcome(token, { clients: 'service-7' })).toBe('client_not_allowed')
      expect(await outcome(token, { clients: 'webapp' })).toBe('client_not_allowed')
    }
  })

  it.each(['cid', 'sub'])(
    'in a confirmation: another %s refuses the JWT, an absent one does not',
    async (name) => {
      const { issuer, jwt, outcome } = await withClients(name)
      const policy = { confirmAfter: 0, clients: 'billing' }
      const token = jwt(without({ sub: 'billing', cid: 'billing' }))
      issuer.fail('introspection', { status: 200, body: { active: true } })
      expect(await outcome(token, policy)).toBe('accepted')
      issuer.fail('introspection', { status: 200, body: { active: true, [name]: 'webapp' } })
      expect(await outcome(token, policy)).toBe('token_inactive')
    },
  )

  it('of an introspected JWT: a payload that names another client refuses it', async () => {
    const { jwt, outcome, issuer } = await testBed({
      issuers: (by) => {
        const options = by.oauth({ clientClaims: ['own_client', 'client_id'] })
        return [oauth({ ...options, introspection: { ...options.introspection!, jwts: true } })]
      },
    })
    const token = jwt(without({ own_client: 'webapp' }))
    const body = { active: true, sub: 'billing', aud: 'https://api.test' }
    issuer.fail('introspection', { status: 200, body: { ...body, own_client: 'billing' } })
    expect(await outcome(token)).toBe('token_inactive')
    issuer.fail('introspection', { status: 200, body: { ...body, own_client: 'webapp' } })
    expect(await outcome(jwt(without({ own_client: 'webapp', jti: '2' })), { clients: 'webapp' })).toBe(
      'accepted',
    )
    issuer.fail('introspection', { status: 200, body })
    const unstated = jwt(without({ own_client: 'webapp', jti: '3' }))
    expect(await outcome(unstated, { clients: 'billing' })).toBe('client_not_allowed')
  })

  it('apply to the JWTs of authlete', async () => {
    const { issuer, verifier } = await testBed({
      issuers: (by) => [authlete(by.authlete({ issuer: by.endpoints.authlete, clientClaims: 'cid' }))],
    })
    const token = issuer.mintJwt({ provider: 'authlete', ...without({ cid: 'billing' }) })
    expect(await verifier.verify(token)).toMatchObject({ clientId: 'billing' })
  })
})
