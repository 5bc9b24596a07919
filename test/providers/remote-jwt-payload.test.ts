import { describe, expect, it } from 'vitest'
import { authlete, clerk, type Issuer } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { testBed, type TestBed } from '../support/test-bed.js'

/** Issuer whose JWTs are introspected, and whose responses call every token active until 1 January 2033. */
interface Asked {
  readonly endpoint: Parameters<TestIssuer['fail']>[0]
  readonly issuer: (by: TestIssuer) => Issuer
  readonly mint: (by: TestBed, claims: Readonly<Record<string, unknown>>) => string
  readonly says: (by: TestIssuer) => object
}

const LATE = 1_988_150_400

const CLERK: Asked = {
  endpoint: 'clerkVerify',
  issuer: (by) => clerk(by.clerk({ jwtAccess: 'remote', jwksUri: undefined })),
  mint: ({ issuer }, claims) => issuer.mintJwt({ provider: 'clerk', claims }),
  says: (by) => ({
    object: 'machine_to_machine_token',
    subject: 'mch_billing',
    scopes: [by.clerkMachines.receiver.id],
    expiration: LATE * 1000,
    revoked: false,
    expired: false,
  }),
}

const AUTHLETE: Asked = {
  endpoint: 'authleteIntrospection',
  issuer: (by) => authlete(by.authlete()),
  mint: ({ issuer }, claims) => issuer.mintJwt({ provider: 'authlete', clientId: 'billing', claims }),
  says: (by) => ({
    action: 'OK',
    existent: true,
    usable: true,
    clientId: 4711,
    clientIdAlias: 'billing',
    subject: 'john',
    accessTokenResources: [by.audience],
    expiresAt: LATE * 1000,
  }),
}

const CUSTOM: Asked = {
  endpoint: 'introspection',
  issuer: (by) => ({
    name: by.url,
    provider: 'home-made',
    audience: null,
    scopeMatcher: (granted, required) => granted === required,
    jwt: {
      issuers: [by.url],
      checked: 'remote',
      keys: null,
      algorithms: ['ES256'],
      validateHeader: () => undefined,
      readClaims: () => ({ reason: 'claim_invalid', detail: 'not called' }),
    },
    remote: {
      endpoint: `${by.url}/introspect`,
      request: () => ({ headers: {}, body: '' }),
      read: () => ({
        active: true,
        facts: { subject: 'billing', scopes: [], audience: [], expiresAt: LATE, claims: {} },
      }),
    },
  }),
  mint: ({ jwt }, claims) => jwt({ claims }),
  says: () => ({}),
}

async function outcomeAt(asked: Asked, claims: Readonly<Record<string, unknown>>, policy?: object) {
  const bed = await testBed({ issuers: (by) => [asked.issuer(by)], testIssuer: {} })
  bed.issuer.fail(asked.endpoint, { status: 200, body: asked.says(bed.issuer) })
  const token = asked.mint(bed, claims)
  const outcome = await bed.outcome(token, policy)
  expect(await bed.outcome(token, policy)).toBe(outcome)
  expect(await bed.outcome(token, { ...policy, confirmAfter: 0 })).toBe(outcome)
  return outcome
}

describe.each([
  ['Clerk', CLERK],
  ['Authlete', AUTHLETE],
  ['a custom issuer', CUSTOM],
])('a JWT that is verified by %s', (_, asked) => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['nothing against it', {}, 'accepted'],
    ['exp that has passed', { exp: 1 }, 'token_expired'],
    ['nbf to come', { nbf: LATE }, 'token_not_active_yet'],
    ['iat to come', { iat: LATE }, 'token_not_active_yet'],
    ['exp that is not a number', { exp: 'never' }, 'claim_invalid'],
    ['a key that it is bound to', { cnf: { jkt: 'x' } }, 'proof_missing'],
  ])('is refused for its own claims: %s', async (_case, claims, expected) => {
    expect(await outcomeAt(asked, claims)).toBe(expected)
  })

  it('gets no issue time from its payload, so that its payload cannot make it younger', async () => {
    expect(await outcomeAt(asked, {}, { maxTokenAge: '1h' })).toBe('claim_missing')
  })
})

describe('a JWT that is introspected at Authlete', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['another audience', { aud: 'https://other.test' }, 'audience_mismatch'],
    ['an audience that is not a string', { aud: 7 }, 'claim_invalid'],
    ['another client', { client_id: 'webapp' }, 'token_inactive'],
    ['the number of the client', { client_id: '4711' }, 'accepted'],
    ['the alias of the client', { client_id: 'billing' }, 'accepted'],
    ['an ID token', { nonce: 'n' }, 'type_not_allowed'],
    ['a refresh token', { typ: 'Refresh' }, 'type_not_allowed'],
  ])('is narrowed to its payload: %s', async (_, claims, expected) => {
    expect(await outcomeAt(AUTHLETE, claims)).toBe(expected)
  })
})

describe('a JWT that is verified by Clerk', () => {
  it('may name any audience and scopes in its payload, which its sender wrote', async () => {
    expect(await outcomeAt(CLERK, { aud: 'https://other.test', scopes: 'mch_other' })).toBe('accepted')
  })
})
