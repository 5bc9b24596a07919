import { describe, expect, it, vi } from 'vitest'
import type { OAuthOptions } from '../../../src/index.js'
import { NOW } from '../../support/clock.js'
import { encode } from '../../support/tokens/forge.js'
import { refusalOf } from '../../support/outcomes.js'
import { AUDIENCE, issOf, jwtOf, TEMPLATE, tenantBed } from './support.js'

const ENDPOINT = 'https://login.test/introspect'
const CLIENT = { clientId: 'orders', clientSecret: 'a secret' }
const OPAQUE = 'an-opaque-token'

function active(claims: object): object {
  return { active: true, sub: 'billing', client_id: 'billing', aud: AUDIENCE, exp: NOW + 600, ...claims }
}

interface CallOptions {
  readonly endpoint?: string
  readonly jwts?: boolean
}

function introspection(options: CallOptions = {}): Pick<Required<OAuthOptions>, 'introspection'> {
  return { introspection: { ...CLIENT, ...options } }
}

describe('an opaque token at an endpoint that all tenants share', () => {
  it('belongs to the tenant that the response names', async () => {
    const { verifier, serve } = tenantBed({ tenants: ['acme'], ...introspection({ endpoint: ENDPOINT }) })
    serve(ENDPOINT, active({ iss: issOf('acme') }))
    expect(await verifier.verify(OPAQUE, { issuers: TEMPLATE })).toMatchObject({
      issuer: issOf('acme'),
      format: 'opaque',
    })
  })

  it.each([
    ['a tenant that is not listed', { iss: issOf('globex') }, 'issuer_unknown'],
    ['another issuer', { iss: 'https://login.test' }, 'issuer_unknown'],
    ['the template', { iss: TEMPLATE }, 'issuer_unknown'],
    ['no issuer', {}, 'claim_missing'],
  ])('is refused if the response names %s', async (_, claims, reason) => {
    const { outcome, serve, urls } = tenantBed({
      tenants: ['acme'],
      ...introspection({ endpoint: ENDPOINT }),
    })
    serve(ENDPOINT, active(claims))
    expect(await outcome(OPAQUE)).toBe(reason)
    expect(await outcome(OPAQUE)).toBe(reason)
    expect(urls).toEqual([ENDPOINT])
  })

  it('is refused from the cache once the tenants function refuses its tenant', async () => {
    const tenants = vi.fn(() => true)
    const { outcome, serve, urls } = tenantBed({ tenants, ...introspection({ endpoint: ENDPOINT }) })
    serve(ENDPOINT, active({ iss: issOf('acme') }))
    expect(await outcome(OPAQUE)).toBe('accepted')
    tenants.mockReturnValue(false)
    expect(await outcome(OPAQUE)).toBe('issuer_unknown')
    expect(tenants).toHaveBeenCalledTimes(2)
    expect(urls).toHaveLength(1)
  })

  it('is refused if a later response names another tenant', async () => {
    const { outcome, serve, pass } = tenantBed({
      tenants: ['acme', 'globex'],
      ...introspection({ endpoint: ENDPOINT }),
    })
    serve(ENDPOINT, active({ iss: issOf('acme') }))
    expect(await outcome(OPAQUE)).toBe('accepted')
    serve(ENDPOINT, active({ iss: issOf('globex') }))
    pass(31)
    expect(await outcome(OPAQUE)).toBe('claim_invalid')
  })
})

describe('an opaque token', () => {
  it.each([
    ['is discovered', undefined],
    ['has {tenant}', 'https://login.test/{tenant}/introspect'],
  ])('is refused without a request if the endpoint %s, because it names no tenant', async (_, endpoint) => {
    const { outcome, urls } = tenantBed({
      tenants: ['acme'],
      ...introspection(endpoint === undefined ? {} : { endpoint }),
    })
    expect(await outcome(OPAQUE)).toBe('issuer_unknown')
    expect(urls).toEqual([])
  })
})

describe('the confirmation of a JWT', () => {
  const policy = { confirmAfter: 0 }

  it.each([
    ['that all tenants share', ENDPOINT, ENDPOINT],
    ['with {tenant}', 'https://login.test/{tenant}/introspect', 'https://login.test/acme/introspect'],
  ])('is requested at an endpoint %s', async (_, endpoint, url) => {
    const { outcome, serve, urls } = tenantBed({ tenants: ['acme'], ...introspection({ endpoint }) })
    serve(url, active({ iss: issOf('acme') }))
    expect(await outcome(jwtOf('acme'), policy)).toBe('accepted')
    expect(urls.at(-1)).toBe(url)
    serve(url, active({ iss: issOf('globex') }))
    expect(['token_inactive', 'claim_invalid']).toContain(await outcome(jwtOf('acme'), policy))
  })

  it('is requested at the endpoint that the document of the tenant names', async () => {
    const { outcome, serve, urls } = tenantBed({ tenants: ['acme'], ...introspection() })
    serve('https://login.test/acme/v2.0/.well-known/openid-configuration', {
      issuer: issOf('acme'),
      jwks_uri: 'https://login.test/acme/keys',
      introspection_endpoint: 'https://login.test/acme/introspect',
    })
    serve('https://login.test/acme/introspect', active({}))
    expect(await outcome(jwtOf('acme'), policy)).toBe('accepted')
    expect(urls.at(-1)).toBe('https://login.test/acme/introspect')
  })
})

describe('the credentials that all tenants share', () => {
  const document = 'https://login.test/mallory/v2.0/.well-known/openid-configuration'
  const naming = (endpoint: string): object => ({
    issuer: issOf('mallory'),
    jwks_uri: 'https://login.test/mallory/keys',
    introspection_endpoint: endpoint,
  })

  it.each([
    'https://evil.test/introspect',
    'https://login.test:8443/introspect',
    'https://login.test.evil.test/introspect',
    'https://login.test@evil.test/introspect',
    'https://sub.login.test/introspect',
  ])(
    'are not sent to an endpoint of another origin that the document of a tenant names: %s',
    async (endpoint) => {
      const { verifier, serve, urls } = tenantBed({ tenants: () => true, ...introspection({ jwts: true }) })
      serve(document, naming(endpoint))
      const { reason, detail } = await refusalOf(verifier.verify(jwtOf('mallory')))
      expect(reason).toBe('issuer_unavailable')
      expect(detail).toContain(`"${endpoint}", which has not the origin of the issuer "${issOf('mallory')}"`)
      expect(urls).toEqual([document])
    },
  )

  it('are not sent to it for the confirmation of a JWT, and ready() names the endpoint as the problem', async () => {
    const { verifier, outcome, serve, bodies } = tenantBed({ tenants: ['mallory'], ...introspection() })
    serve(document, naming('https://evil.test/introspect'))
    expect(await outcome(jwtOf('mallory'), { confirmAfter: 0 })).toBe('issuer_unavailable')
    expect(bodies).toEqual([])
    await expect(verifier.ready()).rejects.toThrow(/introspection_endpoint of another origin/)
  })

  it('are sent to a configured endpoint of any origin', async () => {
    const endpoint = 'https://introspection.test/introspect'
    const { outcome, serve, urls } = tenantBed({
      tenants: ['mallory'],
      ...introspection({ endpoint, jwts: true }),
    })
    serve(endpoint, active({ iss: issOf('mallory') }))
    expect(await outcome(jwtOf('mallory'))).toBe('accepted')
    expect(urls).toEqual([endpoint])
  })

  it('are not sent after a redirect', async () => {
    const endpoint = 'https://login.test/mallory/introspect'
    const location = 'https://evil.test/introspect'
    const { outcome, serve, urls } = tenantBed({ tenants: ['mallory'], ...introspection({ jwts: true }) })
    serve(document, naming(endpoint))
    serve(endpoint, () => new Response('', { status: 307, headers: { location } }))
    expect(await outcome(jwtOf('mallory'))).toBe('issuer_unavailable')
    expect(urls).not.toContain(location)
  })
})

describe('introspection: { jwts: true }', () => {
  it('introspects a JWT of an accepted tenant only, and the response must be about that tenant', async () => {
    const { outcome, serve, urls, bodies } = tenantBed({
      tenants: ['acme'],
      ...introspection({ endpoint: ENDPOINT, jwts: true }),
    })
    expect(await outcome(jwtOf('globex'))).toBe('issuer_unknown')
    expect(urls).toEqual([])
    serve(ENDPOINT, active({}))
    expect(await outcome(jwtOf('acme'))).toBe('accepted')
    expect(bodies).toHaveLength(1)
    serve(ENDPOINT, active({ iss: issOf('globex') }))
    expect(await outcome(jwtOf('acme', { claims: { jti: '2' } }))).toBe('claim_invalid')
  })

  it('calls the endpoint of the tenant if it has {tenant}', async () => {
    const { outcome, serve, urls } = tenantBed({
      tenants: ['acme'],
      ...introspection({ endpoint: 'https://login.test/{tenant}/introspect', jwts: true }),
    })
    serve('https://login.test/acme/introspect', active({ iss: issOf('acme') }))
    expect(await outcome(jwtOf('acme'))).toBe('accepted')
    expect(urls).toEqual(['https://login.test/acme/introspect'])
  })

  it('introspects a JWE whose header names an accepted tenant, at the shared endpoint', async () => {
    const jweOf = (tenant: string): string =>
      `${encode({ alg: 'RSA-OAEP-256', enc: 'A256GCM', iss: issOf(tenant) })}.AAAA.AAAA.AAAA.AAAA`
    const { verifier, outcome, serve, urls } = tenantBed({
      tenants: ['acme'],
      ...introspection({ endpoint: ENDPOINT, jwts: true }),
    })
    expect(await outcome(jweOf('globex'))).toBe('issuer_unknown')
    expect(urls).toEqual([])
    serve(ENDPOINT, active({ iss: issOf('acme') }))
    expect(await verifier.verify(jweOf('acme'))).toMatchObject({ issuer: issOf('acme') })
  })

  it('accepts the response of another tenant for no token', async () => {
    const { verifier, serve } = tenantBed({
      tenants: ['acme', 'globex'],
      ...introspection({ endpoint: ENDPOINT, jwts: true }),
    })
    serve(ENDPOINT, active({ iss: issOf('globex') }))
    expect((await refusalOf(verifier.verify(jwtOf('acme')))).issuer).toBe(issOf('acme'))
  })
})
