import { describe, expect, it } from 'vitest'
import { guard as expressGuard } from '../../../../adapters/express.js'
import {
  anyOf,
  allOf,
  authlete,
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  Refusal,
  stytch,
} from '../../../../src/index.js'
import { scopes } from '../../../../src/management/authlete/input.js'
import { scopeList } from '../../../../src/management/stytch/input.js'
import { copyJson } from '../../../../src/options/json-value.js'
import { isStringList } from '../../../../src/util/members.js'
import { keyOf } from '../../../support/tokens/forge.js'
import { thrownBy } from '../../../support/outcomes.js'
import { tables } from '../../../support/option-tables.js'
import { introspection, makers, right } from '../makers.js'

/** Long enough for every secret, and in base64 as a webhook requires it. */
const SIGNING_SECRET = `whsec_${Buffer.alloc(32).toString('base64')}`
const EC = keyOf('ES256')
const shared = { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] }

describe('a value that is not an options object', () => {
  const factories = { createVerifier, oauth, clerk, stytch, authlete } as unknown as Readonly<
    Record<string, (options?: unknown) => unknown>
  >
  it.each(Object.keys(factories))('%s', (name) => {
    for (const options of [undefined, null, 'x', 7, [], true]) {
      expect(thrownBy(() => factories[name]!(options))).toBeInstanceOf(ConfigurationError)
    }
  })

  it('a guard without a verifier', () => {
    const make = expressGuard as unknown as (verifier: unknown) => unknown
    for (const verifier of [undefined, null, {}, 'x', right.oauth]) {
      expect(thrownBy(() => make(verifier))).toBeInstanceOf(ConfigurationError)
    }
  })

  it('scopes of nothing', () => {
    for (const make of [allOf, anyOf]) {
      expect(thrownBy(() => make())).toBeInstanceOf(ConfigurationError)
      expect(thrownBy(() => make(''))).toBeInstanceOf(ConfigurationError)
      expect(thrownBy(() => make([]))).toBeInstanceOf(ConfigurationError)
    }
  })

  it('a policy given with a request is checked before anything is sent', () => {
    const verifier = createVerifier({ issuers: [oauth(right.oauth)] })
    const policy = { scopes: undefined } as unknown as { scopes: string }
    expect(thrownBy(() => void verifier.verify('x', policy))).toBeInstanceOf(ConfigurationError)
    expect(thrownBy(() => void verifier.authorize({ headers: {} }, policy))).toBeInstanceOf(
      ConfigurationError,
    )
  })
})

describe('a list with a hole is refused in', () => {
  const lists = Object.entries(tables).flatMap(([section, table]) =>
    Object.entries(table)
      .filter(([, { describe }]) => /\blist\b/.test(describe.type) && !describe.type.includes('Issuer'))
      .map(([name, { read }]) => ({ option: `${section}.${name}`, read })),
  )

  it.each(lists)('$option', ({ option, read }) => {
    const good = ['RS256', 'mch_1', 'a', 'https://a.test', SIGNING_SECRET].find(
      (value) => thrownBy(() => read(option, [value])) === undefined,
    )
    expect(good).toBeDefined()
    for (const list of [
      new Array(1),
      Object.assign(new Array(2), { 0: good }),
      Object.assign(new Array(2), { 1: good }),
    ])
      expect(thrownBy(() => read(option, list))).toBeInstanceOf(ConfigurationError)
  })

  it('the issuers of a verifier', () => {
    const issuer = oauth(right.oauth)
    for (const issuers of [new Array(1), Object.assign(new Array(2), { 0: issuer })])
      expect(thrownBy(() => createVerifier({ issuers: issuers as never }))).toBeInstanceOf(ConfigurationError)
  })

  it('the lists of a custom issuer', () => {
    const issuer = oauth(right.oauth)
    for (const wrong of [
      { ...issuer, audience: new Array(1) },
      { ...issuer, jwt: { ...issuer.jwt, issuers: new Array(1) } },
      { ...issuer, jwt: { ...issuer.jwt, algorithms: new Array(1) } },
    ])
      expect(thrownBy(() => createVerifier({ issuers: [wrong as never] }))).toBeInstanceOf(ConfigurationError)
  })

  it('allOf() and anyOf()', () => {
    const hole = new Array<string>(1)
    for (const make of [
      () => allOf(hole),
      () => allOf(...hole),
      () => anyOf('admin', hole),
      () => anyOf('admin', allOf(hole)),
      () => allOf('admin', Object.assign(new Array<string>(2), { 1: 'a' })),
    ])
      expect(thrownBy(make)).toBeInstanceOf(ConfigurationError)
  })

  it('the scopes of a refusal', () => {
    expect(thrownBy(() => new Refusal('scope_insufficient', { required: new Array(1) }))).toBeInstanceOf(
      ConfigurationError,
    )
  })

  it('values that are sent as JSON', () => {
    expect(thrownBy(() => copyJson('metadata', { teams: new Array(1) }))).toBeInstanceOf(ConfigurationError)
    expect(thrownBy(() => scopeList.read('scopes', new Array(1)))).toBeInstanceOf(ConfigurationError)
    expect(thrownBy(() => scopes.read('scopes', new Array(1)))).toBeInstanceOf(ConfigurationError)
  })

  it('the facts of an issuer', () => {
    expect(isStringList(new Array(1))).toBe(false)
    expect(isStringList(Object.assign(new Array(2), { 0: 'a' }))).toBe(false)
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
    expect(thrownBy(() => createVerifier({ issuers: issuers() }))).toBeInstanceOf(ConfigurationError)
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
