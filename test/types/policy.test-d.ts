import { describe, expectTypeOf, it } from 'vitest'
import {
  allOf,
  anyOf,
  authlete,
  clerk,
  createVerifier,
  oauth,
  stytch,
  type AccessToken,
  type Decision,
  type Policy,
  type Refusal,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.js'

declare const verifier: Verifier
declare const decision: Decision
declare const token: AccessToken
const issuers = [oauth({ issuer: 'https://auth.example.com', audience: 'https://orders.internal' })]

describe('a policy', () => {
  it('takes every demand it knows', () => {
    const policy = {
      scopes: allOf('a', anyOf('b', ['c', 'd'])),
      maxTokenAge: '1h',
      maxTokenLifetime: 3600,
      confirmAfter: 0,
      staleIfError: '5m',
      issuers: 'https://auth.example.com',
      clients: ['billing', 'shipping'],
      subjects: 'service-7',
      check: (token, request) => token.subject === 'billing' && request?.method === 'GET',
    } as const satisfies Policy
    createVerifier({ issuers, policy })
  })

  it('takes own rules that answer late or with a reason', () => {
    expectTypeOf<() => Promise<string>>().toExtend<NonNullable<Policy['check']>>()
    expectTypeOf<() => boolean | string>().toExtend<NonNullable<Policy['check']>>()
    expectTypeOf<() => number>().not.toExtend<NonNullable<Policy['check']>>()
  })

  it('refuses what it does not know', () => {
    // @ts-expect-error -- no such demand
    createVerifier({ issuers, policy: { scope: 'orders:read' } })
    // @ts-expect-error -- a typing mistake leaves no check out
    createVerifier({ issuers, policy: { maxTokenAges: '1h' } })
    // @ts-expect-error -- an undefined demand is no demand
    createVerifier({ issuers, policy: { scopes: undefined } })
    // @ts-expect-error -- a rule is made by allOf or anyOf
    createVerifier({ issuers, policy: { scopes: { any: ['a'] } } })
    // @ts-expect-error -- no duration
    createVerifier({ issuers, policy: { maxTokenAge: true } })
  })
})

describe('the options of verifier and issuers', () => {
  it('refuse what they do not know', () => {
    // @ts-expect-error -- no such option
    createVerifier({ issuers, clockTolerence: '5s' })
    // @ts-expect-error -- issuers are required
    createVerifier({})
    // @ts-expect-error -- cache is not switched on
    createVerifier({ issuers, cache: true })
    expectTypeOf<VerifierOptions['clock']>().toEqualTypeOf<(() => number) | undefined>()
  })

  it('refuse undefined where an option restricts', () => {
    const issuer = 'https://auth.example.com'
    // @ts-expect-error -- leave it out instead
    createVerifier({ issuers, policy: undefined })
    // @ts-expect-error -- leave it out instead
    oauth({ issuer, audience: null, requireAccessTokenType: undefined })
    // @ts-expect-error -- leave it out instead
    clerk({ machineSecretKey: 'ak_1', jwtAccess: false, senders: undefined })
    // @ts-expect-error -- leave it out instead
    authlete({
      serviceId: '1',
      serviceAccessToken: 'x',
      apiUrl: 'https://eu.authlete.com',
      audience: undefined,
    })
  })

  it('require what must not be left out', () => {
    // @ts-expect-error -- leaving the audience out takes an explicit null
    oauth({ issuer: 'https://auth.example.com' })
    oauth({ issuer: 'https://auth.example.com', audience: null })
    // @ts-expect-error -- how JWTs are let in is a required choice
    clerk({ machineSecretKey: 'ak_1' })
    clerk({ machineSecretKey: 'ak_1', jwtAccess: { senders: ['mch_1'] } })
    // @ts-expect-error -- the project is required
    stytch({})
    // @ts-expect-error -- the access token of the service is required
    authlete({ serviceId: '1', apiUrl: 'https://eu.authlete.com' })
  })
})

describe('what comes out', () => {
  it('is a token or a rejection, and a decision of one of three outcomes', () => {
    expectTypeOf(verifier.verify('token')).toEqualTypeOf<Promise<AccessToken>>()
    expectTypeOf(verifier.authorize({ headers: {} })).toEqualTypeOf<Promise<Decision>>()
    expectTypeOf(decision.outcome).toEqualTypeOf<'accepted' | 'refused' | 'undecidable'>()
    if (decision.outcome === 'accepted') expectTypeOf(decision.token).toEqualTypeOf<AccessToken>()
    else expectTypeOf(decision.refusal).toEqualTypeOf<Refusal>()
  })

  it('has no place for the raw token', () => {
    expectTypeOf<AccessToken>().not.toHaveProperty('token')
    expectTypeOf<AccessToken>().not.toHaveProperty('raw')
    // @ts-expect-error -- read only
    token.subject = 'somebody else'
  })

  it('takes the requests of Node and of fetch', () => {
    expectTypeOf<Request>().toExtend<Parameters<Verifier['authorize']>[0]>()
    expectTypeOf<import('node:http').IncomingMessage>().toExtend<Parameters<Verifier['authorize']>[0]>()
  })
})

describe('an observer', () => {
  it('may give back whatever its last call gives, a promise included', () => {
    const told: unknown[] = []
    expectTypeOf(createVerifier).toBeCallableWith({ issuers, onDecision: (event) => told.push(event) })
    expectTypeOf(createVerifier).toBeCallableWith({ issuers, onIssuerEvent: () => Promise.resolve(told) })
  })
})

describe('the introspection option', () => {
  const base = { issuer: 'https://auth.example.com', audience: 'x' }

  it('takes the credentials of its method', () => {
    oauth({ ...base, introspection: { clientId: 'a', clientSecret: () => Promise.resolve('b') } })
    oauth({ ...base, introspection: { authentication: 'none' } })
    oauth({ ...base, introspection: { authentication: 'bearer', bearerToken: 'a' } })
    oauth({ ...base, introspection: { authentication: 'bearer', clientId: 'a', clientSecret: 'b' } })
    oauth({ ...base, introspection: { authentication: 'private_key_jwt', clientId: 'a', privateKey: 'pem' } })
  })

  it('takes no credentials of another method', () => {
    // @ts-expect-error -- a secret is required
    oauth({ ...base, introspection: { clientId: 'a' } })
    // @ts-expect-error -- no secret is sent
    oauth({ ...base, introspection: { authentication: 'none', clientSecret: 'b' } })
    // @ts-expect-error -- a token is required
    oauth({ ...base, introspection: { authentication: 'bearer' } })
    // @ts-expect-error -- the token is either of them
    oauth({ ...base, introspection: { authentication: 'bearer', bearerToken: 'a', clientSecret: 'b' } })
    // @ts-expect-error -- the key is not used
    oauth({ ...base, introspection: { clientId: 'a', clientSecret: 'b', privateKey: 'pem' } })
    // @ts-expect-error -- a key is required
    oauth({ ...base, introspection: { authentication: 'private_key_jwt', clientId: 'a' } })
  })
})
