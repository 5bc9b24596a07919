import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, type Policy } from '../../src/index.js'
import type { MintOptions } from '../../src/testing/index.js'
import { refusalOf } from '../support/outcomes.js'
import { testBed } from '../support/test-bed.js'

/** Token of a person whose name is that of the client that the route allows. */
const NAMESAKE: MintOptions = { clientId: 'webapp', subject: 'billing' }

/** Token that names a client and no subject. */
const ALICE: MintOptions = { claims: { client_id: 'alice', sub: undefined } }

describe('clients', () => {
  it.each<[string, MintOptions, string]>([
    ['the client id', { clientId: 'billing', subject: 'service-7' }, 'accepted'],
    ['a person with the name of the client (RFC 9068 section 5)', NAMESAKE, 'client_not_allowed'],
    ['azp, if there is no client_id', azp('billing', 'service-7'), 'accepted'],
    ['a person, if azp names another client', azp('webapp', 'billing'), 'client_not_allowed'],
    ['azp, if client_id names another client', azp('billing', 'x', 'webapp'), 'client_not_allowed'],
    ['the subject of a token that names no client', azp(undefined, 'billing'), 'accepted'],
    ['another subject of a token that names no client', azp(undefined, 'shipping'), 'client_not_allowed'],
  ])('compares %s: %o is %s', async (_, mint, expected) => {
    const { jwt, opaque, outcome } = await testBed()
    expect(await outcome(jwt(mint), { clients: 'billing' })).toBe(expected)
    expect(await outcome(opaque(mint), { clients: 'billing' })).toBe(expected)
  })

  it.each<[string, unknown]>([
    ['an empty string', ''],
    ['a number', 7],
    ['a list', ['billing']],
    ['an object', {}],
  ])('never falls back to the subject if the client claim is %s', async (_, value) => {
    const { jwt, opaque, outcome } = await testBed()
    for (const name of ['client_id', 'azp']) {
      const claims = { client_id: undefined, sub: 'billing', [name]: value }
      expect(await outcome(jwt({ claims }), { clients: 'billing' })).toBe('claim_invalid')
      expect(await outcome(opaque({ claims }), { clients: 'billing' })).toBe('claim_invalid')
    }
  })

  it('falls back to the subject if the client is null, which counts as absent', async () => {
    const { jwt, opaque, outcome } = await testBed()
    for (const name of ['client_id', 'azp']) {
      const claims = { client_id: undefined, sub: 'billing', [name]: null }
      expect(await outcome(jwt({ claims }), { clients: 'billing' })).toBe('accepted')
      expect(await outcome(opaque({ claims }), { clients: 'billing' })).toBe('accepted')
    }
  })

  it.each(['cid', 'appid', 'clientId'])(
    'never falls back to the subject if only %s names a client, which is not read',
    async (name) => {
      const { jwt, opaque, outcome } = await testBed()
      for (const [value, expected] of [
        ['webapp', 'client_not_allowed'],
        ['billing', 'client_not_allowed'],
        [7, 'client_not_allowed'],
        [null, 'accepted'],
      ] as const) {
        const claims = { client_id: undefined, sub: 'billing', [name]: value }
        for (const token of [jwt({ claims }), opaque({ claims })]) {
          expect(await outcome(token, { clients: 'billing' })).toBe(expected)
          expect(await outcome(token, { subjects: 'billing' })).toBe('accepted')
        }
      }
      const claims = { client_id: 'billing', [name]: 'webapp' }
      expect(await outcome(jwt({ claims }), { clients: 'billing' })).toBe('accepted')
    },
  )

  it('compares the client id also with requireAccessTokenType', async () => {
    const { jwt, outcome } = await testBed({
      issuers: (by) => [oauth(by.oauth({ requireAccessTokenType: true }))],
    })
    expect(await outcome(jwt(NAMESAKE), { clients: 'billing' })).toBe('client_not_allowed')
    expect(await outcome(jwt(NAMESAKE), { clients: 'webapp' })).toBe('accepted')
  })

  it('compares the client id of a custom issuer, an empty one included', async () => {
    for (const [clientId, expected] of [
      ['billing', 'accepted'],
      ['webapp', 'client_not_allowed'],
      ['', 'client_not_allowed'],
      [undefined, 'client_not_allowed'],
    ] as const) {
      const { opaque, outcome } = await testBed({
        issuers: (by) => {
          const issuer = oauth(by.oauth())
          const facts = {
            subject: 'service-7',
            clientId,
            scopes: [],
            audience: ['https://api.test'],
            claims: {},
          }
          return [{ ...issuer, remote: { ...issuer.remote!, read: () => ({ active: true, facts }) } }]
        },
      })
      expect(await outcome(opaque(), { clients: 'billing' })).toBe(expected)
    }
  })

  it('is the sending machine at Clerk, even if the sender writes another client_id or azp', async () => {
    for (const access of ['any-machine', 'remote'] as const) {
      const { issuer, outcome } = await testBed({
        issuers: (by) => [clerk(by.clerk({ jwtAccess: access }))],
      })
      const forged = {
        provider: 'clerk',
        subject: 'mch_sender',
        clientId: 'mch_sender',
        claims: { client_id: 'billing', azp: 'billing' },
      } as const
      for (const token of [issuer.mintJwt(forged), issuer.mintOpaque(forged)]) {
        expect(await outcome(token, { clients: 'billing' })).toBe('client_not_allowed')
        expect(await outcome(token, { clients: 'mch_sender' })).toBe('accepted')
        expect(await outcome(token, { subjects: 'mch_sender' })).toBe('accepted')
      }
    }
  })

  it.each<[string, object]>([
    ['is beyond the safe integers', { clientId: 2 ** 60 }],
    ['is a string', { clientId: '7' }],
    ['is a fraction', { clientId: 7.5 }],
    ['has an alias in use that is empty', { clientIdAliasUsed: true, clientIdAlias: '' }],
    ['has an alias in use that is absent', { clientIdAliasUsed: true, clientIdAlias: null }],
  ])('never falls back to the subject at Authlete if the client id %s', async (_, change) => {
    const { issuer, opaque, outcome } = await testBed({
      issuers: (by) => [authlete(by.authlete({ audience: null }))],
    })
    const respond = (change: object): string => {
      issuer.fail('authleteIntrospection', { status: 200, body: { ...USABLE, ...change } })
      return opaque({ provider: 'authlete' })
    }
    expect(await outcome(respond({ clientId: null }), { clients: 'billing' })).toBe('accepted')
    expect(await outcome(respond({}), { clients: 'billing' })).toBe('client_not_allowed')
    expect(await outcome(respond(change), { clients: 'billing' })).toBe('issuer_unavailable')
  })
})

describe('subjects', () => {
  it.each<[Policy['subjects'] & {}, string]>([
    ['service-7', 'accepted'],
    [['service-8', 'service-7'], 'accepted'],
    ['billing', 'subject_not_allowed'],
    ['Service-7', 'subject_not_allowed'],
    ['service', 'subject_not_allowed'],
  ])('%s for client billing with the subject service-7: %s', async (subjects, expected) => {
    const { jwt, opaque, outcome } = await testBed()
    const who = { clientId: 'billing', subject: 'service-7' }
    expect(await outcome(jwt(who), { subjects })).toBe(expected)
    expect(await outcome(opaque(who), { subjects })).toBe(expected)
  })

  it('are never compared with the client id of a token without a subject', async () => {
    const { jwt, opaque, outcome, verifier } = await testBed()
    for (const token of [jwt(ALICE), opaque(ALICE)]) {
      expect(await verifier.verify(token, { clients: 'alice' })).toMatchObject({ subject: 'alice' })
      expect(await outcome(token, { subjects: 'alice' })).toBe('subject_not_allowed')
    }
    const claims = { client_id: 'alice', sub: 'alice' }
    expect(await outcome(jwt({ claims }), { subjects: 'alice' })).toBe('accepted')
    expect(await outcome(opaque({ claims }), { subjects: 'alice' })).toBe('accepted')
  })

  it.each<[string, object, string]>([
    ['the subject', { clientId: 7, subject: '7' }, 'accepted'],
    ['an absent subject', { clientId: 7, subject: null }, 'subject_not_allowed'],
  ])('are compared at Authlete with %s', async (_, change, expected) => {
    const { issuer, opaque, outcome } = await testBed({
      issuers: (by) => [authlete(by.authlete({ audience: null }))],
    })
    issuer.fail('authleteIntrospection', { status: 200, body: { ...USABLE, ...change } })
    expect(await outcome(opaque({ provider: 'authlete' }), { subjects: '7' })).toBe(expected)
  })

  it('and clients both apply, in one policy and across policies', async () => {
    const { jwt, outcome } = await testBed({ policy: { clients: ['billing', 'webapp'] } })
    const token = jwt({ clientId: 'billing', subject: 'service-7' })
    expect(await outcome(token, { subjects: 'service-7' })).toBe('accepted')
    expect(await outcome(token, { subjects: 'service-7', clients: 'webapp' })).toBe('client_not_allowed')
    expect(await outcome(token, { subjects: 'service-8', clients: 'billing' })).toBe('subject_not_allowed')
    expect(await outcome(jwt({ clientId: 'x', subject: 'service-7' }), { subjects: 'service-7' })).toBe(
      'client_not_allowed',
    )
  })

  it('are refused with 403 without a challenge', async () => {
    const { jwt, verifier } = await testBed()
    const refusal = await refusalOf(verifier.verify(jwt(), { subjects: 'another' }))
    expect(refusal).toMatchObject({ status: 403, error: 'access_denied', reason: 'subject_not_allowed' })
    expect(refusal.headers).not.toHaveProperty('WWW-Authenticate')
  })
})

function azp(party: string | undefined, subject: string, client?: string): MintOptions {
  return { subject, claims: { client_id: client, azp: party } }
}

const USABLE = {
  action: 'OK',
  existent: true,
  usable: true,
  clientId: 7,
  subject: 'billing',
  scopes: [],
  expiresAt: Date.UTC(2100, 0),
}
