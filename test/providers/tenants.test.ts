import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth, type Issuer } from '../../src/index.js'

const ISSUER = 'https://login.test/{tenant}/v2.0'
const CLIENT = { clientId: 'orders', clientSecret: 'a secret' }
const audience = 'https://orders.internal'

function issuerWith(options: object): Issuer {
  return oauth({ issuer: ISSUER, audience, ...options })
}

describe('a template', () => {
  it.each([
    'https://login.test/{tenant}',
    'https://login.test/{tenant}/',
    'https://login.test/realms/{tenant}',
    'http://127.0.0.1:8080/{tenant}/v2.0',
  ])('is accepted: %s', (issuer) => {
    expect(issuerWith({ issuer, tenants: ['acme'] }).name).toBe(issuer)
  })

  it.each([
    ['in the host', 'https://{tenant}.login.test/v2.0'],
    ['in the port', 'https://login.test:{tenant}/v2.0'],
    ['in a part of a segment', 'https://login.test/realm-{tenant}/v2.0'],
    ['before a part of a segment', 'https://login.test/{tenant}.html'],
    ['twice', 'https://login.test/{tenant}/{tenant}'],
    ['beside another placeholder', 'https://login.test/{region}/{tenant}'],
  ])('with the placeholder %s is refused by name', (_, issuer) => {
    expect(() => issuerWith({ issuer, tenants: ['acme'] })).toThrow(/^oauth\.issuer: must /)
    expect(() => issuerWith({ issuer, tenants: ['acme'] })).toThrow(ConfigurationError)
  })

  it.each([
    ['issuer', {}],
    ['issuer', { issuer: 'https://login.test/{tenantid}/v2.0' }],
    ['issuer', { issuer: 'https://{tenant}.login.test' }],
    ['jwksUri', { issuer: 'https://login.test', jwksUri: 'https://login.test/{tenant}/keys' }],
    [
      'introspection.endpoint',
      {
        issuer: 'https://login.test',
        introspection: { ...CLIENT, endpoint: 'https://login.test/{tenant}/i' },
      },
    ],
  ])('without tenants is refused, and the error for %s names both', (name, options) => {
    expect(() => issuerWith(options)).toThrow(
      new RegExp(`^oauth\\.${name}: has a placeholder, and tenants is not set`),
    )
  })

  it.each([
    ['jwksUri', { jwksUri: 'https://{tenant}.login.test/keys' }],
    ['jwksUri', { jwksUri: 'https://login.test/keys?tenant={tenant}' }],
    ['jwksUri', { jwksUri: 'https://login.test/{tenantid}/keys' }],
    ['introspection.endpoint', { introspection: { ...CLIENT, endpoint: 'https://login.test/i?t={tenant}' } }],
  ])('of %s outside a path segment is refused by name', (name, options) => {
    expect(() => issuerWith({ tenants: ['acme'], ...options })).toThrow(
      new RegExp(`^oauth\\.${name}: must have \\{tenant\\} once, as a whole segment`),
    )
  })
})

describe('tenants', () => {
  it('without {tenant} in issuer is refused, and the error names both', () => {
    expect(() => issuerWith({ issuer: 'https://login.test', tenants: ['acme'] })).toThrow(
      /^oauth\.tenants: requires an issuer with \{tenant\}/,
    )
  })

  it.each([
    ['undefined', undefined, 'tenants: is undefined'],
    ['an empty list', [], 'tenants: must be a list of 1 to 1000 tenants'],
    ['a string', 'acme', 'tenants: must be a list'],
    ['true', true, 'tenants: must be a list'],
    [
      'more than 1,000',
      Array.from({ length: 1001 }, (_, index) => `t${index}`),
      'tenants: must be a list of 1',
    ],
    ['a tenant with a slash', ['acme', 'a/b'], 'tenants[1]: must be the value in place of {tenant}'],
    ['a placeholder', ['{tenant}'], 'tenants[0]: must be the value'],
    ['percent-encoding', ['a%2fb'], 'tenants[0]: must be the value'],
    ['an empty tenant', [''], 'tenants[0]: must be the value'],
    ['dots only', ['..'], 'tenants[0]: must be the value'],
    ['a number', [7], 'tenants[0]: must be the value'],
    ['a hole', [, 'acme'], 'tenants[0]: is required and must be the value'], // oxlint-disable-line no-sparse-arrays
    ['a duplicate', ['acme', 'globex', 'acme'], 'tenants[2]: repeats an earlier tenant'],
    [
      'an async generator function',
      async function* () {
        yield Promise.resolve(true)
      },
      'tenants: must not be an async function or a generator',
    ],
    [
      'a generator function',
      function* () {
        yield true
      },
      'tenants: must not be an async function or a generator',
    ],
    ['an async function', async () => Promise.resolve(true), 'tenants: must not be an async function'],
  ])('that is %s is refused', (_, tenants, message) => {
    expect(() => issuerWith({ tenants })).toThrow(`oauth.${message}`)
  })

  it('is read once: a later change of the list accepts no other tenant', () => {
    const tenants = ['acme']
    const issuer = issuerWith({ tenants })
    tenants.push('globex')
    expect(issuer.tenants?.allowed).toEqual(['acme'])
  })
})

describe('maxTenants', () => {
  it.each([0, -1, 1.5, 10_001, '5', null])('must not be %s', (maxTenants) => {
    expect(() => issuerWith({ tenants: () => true, maxTenants })).toThrow(
      'oauth.maxTenants: must be an integer from 1 to 10000',
    )
  })

  it.each([
    ['a list of tenants', { tenants: ['acme'] }],
    ['without tenants', { issuer: 'https://login.test' }],
  ])('has no effect with %s, so it is refused', (_, options) => {
    expect(() => issuerWith({ ...options, maxTenants: 5 })).toThrow(/^oauth\.maxTenants: has no effect with/)
  })
})

describe('opaquePrefix', () => {
  it.each([
    ['is discovered', undefined],
    ['has {tenant}', 'https://login.test/{tenant}/introspect'],
  ])('is refused if the endpoint %s, because an opaque token names no tenant', (_, endpoint) => {
    const introspection = { ...CLIENT, opaquePrefix: 'at_', ...(endpoint === undefined ? {} : { endpoint }) }
    expect(() => issuerWith({ tenants: ['acme'], introspection })).toThrow(
      /^oauth\.introspection\.opaquePrefix: requires an introspection\.endpoint without \{tenant\}/,
    )
  })
})

describe('private_key_jwt', () => {
  const introspection = (options: object): object => ({
    clientId: 'orders',
    authentication: 'private_key_jwt',
    privateKey: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    endpoint: 'https://login.test/introspect',
    ...options,
  })

  it('requires assertionAudience at an endpoint that tenants share, because the issuer is a template', () => {
    expect(() => issuerWith({ tenants: ['acme'], introspection: introspection({}) })).toThrow(
      /^oauth\.introspection\.assertionAudience: is required with tenants/,
    )
  })

  it.each([
    ['with assertionAudience', { assertionAudience: 'https://login.test' }],
    ['at the endpoint of a tenant', { endpoint: 'https://login.test/{tenant}/introspect' }],
  ])('is accepted %s', (_, options) => {
    expect(issuerWith({ tenants: ['acme'], introspection: introspection(options) }).tenants).toBeDefined()
  })
})

describe('two issuers that could accept the same token', () => {
  const concrete = (iss: string): Issuer => oauth({ issuer: iss, audience })
  const many = () => true

  it.each<[string, Issuer, Issuer]>([
    [
      'a list and a tenant of it',
      issuerWith({ tenants: ['acme'] }),
      concrete('https://login.test/acme/v2.0'),
    ],
    [
      'a tenant and a list with it',
      concrete('https://login.test/acme/v2.0'),
      issuerWith({ tenants: ['acme'] }),
    ],
    ['a function and any tenant', issuerWith({ tenants: many }), concrete('https://login.test/acme/v2.0')],
    [
      'two templates',
      issuerWith({ tenants: many }),
      issuerWith({ issuer: 'https://login.test/common/{tenant}', tenants: many }),
    ],
    [
      'a template and a list of another',
      issuerWith({ issuer: 'https://login.test/common/{tenant}', tenants: ['v2.0'] }),
      issuerWith({ tenants: ['common'] }),
    ],
  ])('%s are a ConfigurationError', (_, one, other) => {
    expect(() => createVerifier({ issuers: [one, other] })).toThrow(
      /^issuers\[1\]: conflicts with an earlier issuer: both would accept JWTs with iss/,
    )
  })

  it.each<[string, Issuer, Issuer]>([
    [
      'a list and another tenant',
      issuerWith({ tenants: ['acme'] }),
      concrete('https://login.test/globex/v2.0'),
    ],
    [
      'two templates with another end',
      issuerWith({ tenants: many }),
      issuerWith({ issuer: 'https://login.test/{tenant}/v1.0', tenants: many }),
    ],
    [
      'a function and an iss that no tenant has',
      issuerWith({ tenants: many }),
      concrete('https://login.test/a/b/v2.0'),
    ],
  ])('%s are accepted', (_, one, other) => {
    expect(() => createVerifier({ issuers: [one, other] })).not.toThrow()
  })
})

describe('a custom issuer with tenants', () => {
  const base = issuerWith({ tenants: ['acme'] })
  const tenants = base.tenants!
  const jwt = base.jwt!

  it.each<[string, object]>([
    ['name', { name: 'custom' }],
    ['tenants', { tenants: null }],
    ['tenants.allowed', { tenants: { ...tenants, allowed: [] } }],
    ['tenants.maxTenants', { tenants: { ...tenants, maxTenants: 0 } }],
    ['tenants.describe', { tenants: { ...tenants, describe: undefined } }],
    ['tenants.templates', { tenants: { ...tenants, templates: ['https://{tenant}.login.test/'] } }],
    ['tenants.templates', { tenants: { ...tenants, templates: [] } }],
    ['jwt', { jwt: undefined, opaque: { prefix: null } }],
    ['jwt.keys', { jwt: { ...jwt, keys: { kind: 'discovery', issuer: 'https://login.test' } } }],
  ])('has the same checks: %s', (name, changes) => {
    const issuer = { ...base, ...changes }
    expect(() => createVerifier({ issuers: [issuer] })).toThrow(new RegExp(`^issuers\\[0\\]\\.${name}: `))
  })
})
