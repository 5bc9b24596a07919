import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import * as presets from '../../../src/providers/presets/index.js'
import type { PresetName } from '../../../src/testing/index.js'

type Options = Readonly<Record<string, unknown>>

const VALID: Readonly<Record<PresetName, Options>> = {
  auth0: { domain: 'acme.eu.auth0.com', audience: 'orders' },
  cloudflareAccess: { team: 'acme', audience: 'aud', serviceTokens: ['88bf3b6d.access'] },
  cognito: { region: 'eu-central-1', userPoolId: 'eu-central-1_AbCdEfGhI', clients: ['7h3k0'] },
  entra: { tenant: '72f988bf-86f1-41af-91ab-2d7cd011db47', audience: 'orders' },
  githubActions: { audience: 'orders', repositories: ['acme/orders'] },
  gitlab: { audience: 'orders', projects: ['acme/orders'] },
  google: { audience: 'orders', serviceAccounts: ['billing@acme.iam.gserviceaccount.com'] },
  keycloak: { url: 'https://sso.example.com', realm: 'acme', audience: 'orders' },
  kubernetes: {
    audience: 'orders',
    serviceAccounts: ['billing/invoices'],
    issuer: 'https://oidc.example.com',
  },
  okta: { domain: 'acme.okta.com', authorizationServer: 'default', audience: 'orders' },
  spiffe: {
    trustDomain: 'acme.internal',
    audience: 'orders',
    ids: ['spiffe://acme.internal/billing'],
    jwksUri: 'https://spire.acme.internal/keys',
  },
}

function problemWith(preset: PresetName, options: Options): string {
  const create = presets[preset] as (options: unknown) => unknown
  try {
    create(options)
    return 'accepted'
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
}

const NAMES = Object.keys(VALID) as readonly PresetName[]

/** An option, its wrong value, and what the message must say: what is expected, with an example. */
const WRONG: readonly (readonly [PresetName, string, unknown, string])[] = [
  ['auth0', 'domain', 'https://acme.eu.auth0.com/', "such as 'acme.eu.auth0.com'"],
  ['auth0', 'domain', 'acme', "such as 'acme.eu.auth0.com'"],
  ['auth0', 'domain', 'ACME.eu.auth0.com', 'lower case'],
  ['auth0', 'domain', 'acme.eu.auth0.com/x', 'without a path'],
  ['auth0', 'domain', '1.2.3.4', 'a host name'],
  ['okta', 'domain', '10.0.0.7', 'a host name'],
  ['cloudflareAccess', 'team', 'acme.cloudflareaccess.com', "'acme' for acme.cloudflareaccess.com"],
  ['cloudflareAccess', 'serviceTokens', ['88bf3b6d'], "such as '88bf3b6d86161464f6509f7219099e57.access'"],
  ['cloudflareAccess', 'serviceTokens', [], 'empty list'],
  ['cognito', 'region', 'Frankfurt', "such as 'eu-central-1'"],
  ['cognito', 'region', 'eu-west-1', 'must begin with the region of cognito.region'],
  ['cognito', 'userPoolId', 'AbCdEfGhI', "such as 'eu-central-1_AbCdEfGhI'"],
  ['cognito', 'clients', [], 'empty list'],
  ['cognito', 'clients', '*', 'without wildcards'],
  ['entra', 'tenant', 'acme.onmicrosoft.com', "such as '72f988bf-86f1-41af-91ab-2d7cd011db47'"],
  ['entra', 'tenant', 'common', "such as '72f988bf-86f1-41af-91ab-2d7cd011db47'"],
  ['entra', 'tenant', [], 'empty list'],
  ['githubActions', 'repositories', ['acme'], "such as 'acme/orders'"],
  ['githubActions', 'repositories', ['acme/*'], 'without wildcards'],
  ['githubActions', 'audience', null, 'cannot be null'],
  ['githubActions', 'issuer', 'http://github.example.com', 'https'],
  ['gitlab', 'projects', ['orders'], "such as 'acme/backend/orders'"],
  ['gitlab', 'projects', ['acme/*'], 'without wildcards'],
  ['gitlab', 'url', 'http://gitlab.example.com', 'https'],
  ['gitlab', 'audience', null, 'cannot be null'],
  ['google', 'serviceAccounts', ['alice@example.com'], "such as 'billing@acme.iam.gserviceaccount.com'"],
  ['google', 'serviceAccounts', ['a@evilgserviceaccount.com'], 'service account'],
  ['google', 'serviceAccounts', '*@acme.iam.gserviceaccount.com', 'without wildcards'],
  ['google', 'serviceAccounts', 'Billing@acme.iam.gserviceaccount.com', 'in lower case'],
  ['google', 'audience', null, 'cannot be null'],
  ['keycloak', 'url', 'https://sso.example.com/realms/acme', 'Set realm'],
  ['keycloak', 'realm', 'acme/other', "such as 'acme'"],
  ['keycloak', 'realm', '..', 'cannot be used in a URL path'],
  ['keycloak', 'audience', 'account', 'audience mapper'],
  ['kubernetes', 'serviceAccounts', ['invoices'], "such as 'billing/invoices'"],
  ['kubernetes', 'serviceAccounts', ['system:serviceaccount:billing:invoices'], "such as 'billing/invoices'"],
  ['kubernetes', 'issuer', undefined, 'leave it out'],
  ['kubernetes', 'issuer', 'cluster', 'https'],
  ['kubernetes', 'audience', null, 'cannot be null'],
  ['kubernetes', 'inCluster', 'yes', 'true, false, or an object'],
  ['okta', 'domain', 'https://acme.okta.com', "such as 'acme.okta.com'"],
  ['okta', 'authorizationServer', 'oauth2/default', "such as 'default'"],
  ['spiffe', 'trustDomain', 'spiffe://acme.internal', "such as 'prod.acme.internal'"],
  ['spiffe', 'ids', ['spiffe://other.internal/billing'], 'spiffe://acme.internal/ns/billing/sa/invoices'],
  ['spiffe', 'ids', ['spiffe://acme.internal/'], 'prefix'],
  ['spiffe', 'ids', ['spiffe://acme.internal/ns/*'], 'prefix'],
  ['spiffe', 'ids', [{ prefix: 'spiffe://acme.internal/ns' }], 'prefix'],
  ['spiffe', 'ids', [], 'at least one'],
  ['spiffe', 'ids', 'spiffe://acme.internal/a/../b', 'without the segments . and ..'],
  ['spiffe', 'ids', 'spiffe://acme.internal/a/./b', 'without the segments . and ..'],
  ['spiffe', 'ids', { prefix: 'spiffe://acme.internal/a/../' }, 'without the segments . and ..'],
  ['spiffe', 'jwksUri', undefined, 'leave it out'],
  ['spiffe', 'bundle', { keys: [] }, 'bundle'],
]

/** Presets with a URL of the application, and the name of that option. */
const WITH_URL = [
  ['githubActions', 'issuer', 'http://github.internal/_services/token'],
  ['gitlab', 'url', 'http://gitlab.internal'],
  ['keycloak', 'url', 'http://keycloak.internal:8080'],
  ['keycloak', 'jwksUri', 'http://keycloak.internal:8080/keys'],
  ['kubernetes', 'issuer', 'http://oidc.internal'],
  ['spiffe', 'jwksUri', 'http://spire.internal/keys'],
] as const

describe('a URL with http', () => {
  it.each(WITH_URL)(
    '%s: %s is accepted for a host in insecureHosts, as the error says',
    (preset, option, url) => {
      const options = { ...VALID[preset], [option]: url }
      expect(problemWith(preset, options)).toContain('hosts in insecureHosts')
      expect(problemWith(preset, { ...options, insecureHosts: [new URL(url).host] })).toBe('accepted')
      expect(problemWith(preset, { ...options, insecureHosts: ['other.internal'] })).toContain(
        'insecureHosts',
      )
    },
  )

  it('kubernetes: the API server, which gets the pod’s token, is never called over http', () => {
    const inCluster = { apiServer: 'http://api.internal' }
    const problem = problemWith('kubernetes', {
      ...VALID.kubernetes,
      inCluster,
      insecureHosts: ['api.internal'],
    })
    expect(problem).toMatch(/^kubernetes\.inCluster\.apiServer: must be an https: URL/)
    expect(problem).not.toContain('insecureHosts')
  })
})

describe('an invalid option of a preset', () => {
  it.each(WRONG)('%s: %s = %j says what is expected', (preset, option, value, expected) => {
    const message = problemWith(preset, { ...VALID[preset], [option]: value })
    expect(message).toContain(preset)
    expect(message).toContain(expected)
  })

  it.each(NAMES)('%s: valid options are accepted', (preset) => {
    expect(problemWith(preset, VALID[preset])).toBe('accepted')
  })

  it.each(NAMES)('%s: an unknown option is refused, and the message lists the options', (preset) => {
    expect(problemWith(preset, { ...VALID[preset], requireAccessTokenType: true })).toContain(
      'the options are',
    )
  })

  it.each(NAMES.flatMap((preset) => Object.keys(VALID[preset]).map((name) => [preset, name] as const)))(
    '%s: %s must not be undefined',
    (preset, option) => {
      expect(problemWith(preset, { ...VALID[preset], [option]: undefined })).toContain(`${preset}.${option}`)
    },
  )

  it.each(NAMES)('%s: an invalid common option is named with the preset', (preset) => {
    expect(problemWith(preset, { ...VALID[preset], algorithms: ['HS256'] })).toContain(`${preset}.algorithms`)
    expect(problemWith(preset, { ...VALID[preset], claims: {} })).toContain(`${preset}.claims`)
  })

  it('spiffe: bundle and jwksUri exclude each other, and one is required', () => {
    const { jwksUri: _, ...without } = VALID.spiffe
    expect(problemWith('spiffe', without)).toContain('exactly one of bundle and jwksUri')
    expect(problemWith('spiffe', { ...VALID.spiffe, bundle: { keys: [{}] } })).toContain('bundle')
  })

  it('kubernetes: outside a pod, issuer is required', () => {
    const { issuer: _, ...without } = VALID.kubernetes
    expect(problemWith('kubernetes', without)).toContain('kubernetes.issuer: is required outside a pod')
    expect(problemWith('kubernetes', { ...without, inCluster: false })).toContain('kubernetes.issuer')
  })

  it.each(NAMES)('%s: an inherited option is ignored', (preset) => {
    const [name = ''] = Object.keys(VALID[preset])
    const { [name]: value, ...rest } = VALID[preset]
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
    try {
      expect(problemWith(preset, rest)).toContain(`${preset}.${name}`)
    } finally {
      Reflect.deleteProperty(Object.prototype, name)
    }
  })
})
