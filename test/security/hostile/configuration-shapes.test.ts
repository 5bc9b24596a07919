import { describe, expect, it } from 'vitest'
import { guard as expressGuard } from '../../../adapters/express.js'
import {
  anyOf,
  allOf,
  authlete,
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  stytch,
} from '../../../src/index.js'
import { keyOf } from '../../support/forge.js'

import { errorOf, introspection, makers, right } from './makers.js'

const EC = keyOf('ES256')
const shared = { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }

describe('a value that is not an options object', () => {
  const factories = { createVerifier, oauth, clerk, stytch, authlete } as unknown as Readonly<
    Record<string, (options?: unknown) => unknown>
  >
  it.each(Object.keys(factories))('%s', (name) => {
    for (const options of [undefined, null, 'x', 7, [], true]) {
      expect(errorOf(() => factories[name]!(options))).toBeInstanceOf(ConfigurationError)
    }
  })

  it('a guard without a verifier', () => {
    const make = expressGuard as unknown as (verifier: unknown) => unknown
    for (const verifier of [undefined, null, {}, 'x', right.oauth]) {
      expect(errorOf(() => make(verifier))).toBeInstanceOf(ConfigurationError)
    }
  })

  it('scopes of nothing', () => {
    for (const make of [allOf, anyOf]) {
      expect(errorOf(() => make())).toBeInstanceOf(ConfigurationError)
      expect(errorOf(() => make(''))).toBeInstanceOf(ConfigurationError)
      expect(errorOf(() => make([]))).toBeInstanceOf(ConfigurationError)
    }
  })

  it('a policy given with a request is checked before anything is sent', () => {
    const verifier = createVerifier({ issuers: [oauth(right.oauth)] })
    const policy = { scopes: undefined } as unknown as { scopes: string }
    expect(errorOf(() => void verifier.verify('x', policy))).toBeInstanceOf(ConfigurationError)
    expect(errorOf(() => void verifier.authorize({ headers: {} }, policy))).toBeInstanceOf(ConfigurationError)
  })
})

describe('two issuers that could claim the same token', () => {
  const asking = { ...right.oauth, introspection }
  it.each<[string, () => readonly ReturnType<typeof oauth>[]]>([
    ['opaque tokens without prefix', () => [oauth(asking), oauth({ ...asking, issuer: 'https://b.test' })]],
    [
      'a prefix within a prefix',
      () => [prefixed('https://a.test', 'ref_'), prefixed('https://b.test', 'ref_x')],
    ],
    [
      'a prefix of Clerk',
      () => [clerk({ machineSecretKey: 'ak_x', jwtAccess: false }), prefixed('https://a.test', 'mt_')],
    ],
    [
      'Clerk twice, neither with an issuer',
      () =>
        ['one', 'two'].map((id) =>
          clerk({ machineSecretKey: `ak_${id}`, jwtAccess: 'any-machine', jwksUri: `https://${id}.test` }),
        ),
    ],
    ['an opaque issuer and Authlete', () => [oauth(asking), authlete({ ...right.authlete, audience: 'x' })]],
  ])('%s', (_, issuers) => {
    expect(errorOf(() => createVerifier({ issuers: issuers() }))).toBeInstanceOf(ConfigurationError)
  })

  function prefixed(issuer: string, opaquePrefix: string) {
    return oauth({ ...right.oauth, issuer, introspection: { ...introspection, opaquePrefix } })
  }
})

describe('what is right is not refused', () => {
  it.each<[keyof typeof makers, object]>([
    [
      'createVerifier',
      { clockTolerance: '60s', cache: false, policy: { maxTokenAge: 0, staleIfError: '5m' } },
    ],
    ['createVerifier', { cache: { maxTokens: 1, maxRefused: 1 } }],
    ['oauth', { audience: null, algorithms: ['ES256', 'PS256', 'Ed25519'], keys: { lifetime: '1m' } }],
    ['oauth', { issuer: 'http://127.0.0.1:8080', jwks: { keys: [EC.jwk, ...shared.keys] } }],
    ['oauth', { publicKey: EC.publicKeyPem, scopeMatching: 'wildcard' }],
    ['introspection', { authentication: 'post', endpoint: 'https://x.test/introspect?a=b' }],
    ['clerk', { machineSecretKey: 'sk_x', acceptAnyMachine: true }],
    ['stytch', { customDomain: 'login.x.test', b2b: true }],
    ['policy', { scopes: anyOf('a', allOf('b', 'c d')), issuers: 'x', clients: ['y'], check: () => true }],
    ['guard', { realm: 'orders "x"', body: 'problem', mode: 'report' }],
  ])('%s %j', (maker, members) => {
    expect(() => makers[maker](members)).not.toThrow()
  })
})
