import { describe, expect, it, vi } from 'vitest'
import { refusalOf } from '../../support/outcomes.js'
import { AUDIENCE, issOf, jwkOf, jwtOf, kidOf, TEMPLATE, tenantBed } from './support.js'

describe('a JWT of a tenant', () => {
  it('is verified with the keys of its tenant, and names the concrete issuer', async () => {
    const { verifier, events, urls } = tenantBed({ tenants: ['acme', 'globex'] })
    expect(await verifier.verify(jwtOf('acme'))).toMatchObject({ issuer: issOf('acme'), provider: 'oauth' })
    expect(await verifier.verify(jwtOf('globex'))).toMatchObject({ issuer: issOf('globex') })
    expect(events.map(({ issuer }) => issuer)).toEqual([issOf('acme'), issOf('globex')])
    expect(urls).toEqual([
      'https://login.test/acme/v2.0/.well-known/openid-configuration',
      'https://login.test/acme/keys',
      'https://login.test/globex/v2.0/.well-known/openid-configuration',
      'https://login.test/globex/keys',
    ])
  })

  it('is refused if the key of another tenant signed it', async () => {
    const { outcome } = tenantBed({ tenants: ['acme', 'globex'] })
    expect(await outcome(jwtOf('globex'))).toBe('accepted')
    expect(await outcome(jwtOf('acme', { signedBy: 'globex' }))).toBe('key_unknown')
    expect(await outcome(jwtOf('acme', { signedBy: 'globex', kid: kidOf('acme') }))).toBe('signature_invalid')
  })

  it('is refused without any request if its tenant is not listed', async () => {
    const { verifier, urls } = tenantBed({ tenants: ['acme'] })
    const refusal = await refusalOf(verifier.verify(jwtOf('globex')))
    expect(refusal).toMatchObject({ reason: 'issuer_unknown', status: 401, issuer: TEMPLATE })
    expect(refusal.detail).toBe('the tenant of iss is "globex", and the list of tenants does not contain it')
    expect(urls).toEqual([])
  })

  it.each([
    ['two segments', 'https://login.test/acme/x/v2.0'],
    ['no segment', 'https://login.test//v2.0'],
    ['nothing', 'https://login.test/v2.0'],
    ['an encoded slash', 'https://login.test/acme%2fx/v2.0'],
    ['percent-encoding', 'https://login.test/%61cme/v2.0'],
    ['a query', 'https://login.test/acme?x=/v2.0'],
    ['a fragment', 'https://login.test/acme#/v2.0'],
    ['a backslash', 'https://login.test/acme\\x/v2.0'],
    ['a space', 'https://login.test/ac me/v2.0'],
    ['a line break', 'https://login.test/acme\n/v2.0'],
    ['dots only', 'https://login.test/../v2.0'],
    ['one dot', 'https://login.test/./v2.0'],
    ['a placeholder', TEMPLATE],
    ['another placeholder', 'https://login.test/{tenantid}/v2.0'],
    ['257 characters', `https://login.test/${'a'.repeat(257)}/v2.0`],
    ['a letter outside ASCII', 'https://login.test/äcme/v2.0'],
    ['a slash at the end', 'https://login.test/acme/v2.0/'],
    ['another host', 'https://login.test.evil/acme/v2.0'],
    ['another case of the rest', 'https://LOGIN.test/acme/v2.0'],
  ])('whose iss has %s in place of the tenant never reaches the tenants function', async (_, iss) => {
    const tenants = vi.fn(() => true)
    const { outcome, urls } = tenantBed({ tenants })
    expect(await outcome(jwtOf('acme', { claims: { iss } }))).toBe('issuer_unknown')
    expect(tenants).not.toHaveBeenCalled()
    expect(urls).toEqual([])
  })

  it('is compared with the list including case', async () => {
    const { outcome } = tenantBed({ tenants: ['acme'] })
    expect(await outcome(jwtOf('Acme'))).toBe('issuer_unknown')
  })

  it.each(['00000000-0000-0000-0000-000000000000', 'eu-west-1_AbC123', 'a.b~c', '...a', '__proto__'])(
    'may have the tenant %s',
    async (tenant) => {
      const { outcome } = tenantBed({ tenants: [tenant] })
      expect(await outcome(jwtOf(tenant))).toBe('accepted')
    },
  )
})

describe('the tenants function', () => {
  it('is called once per request, with the tenant, before anything is fetched', async () => {
    const asked: string[] = []
    const { outcome, urls } = tenantBed({
      tenants: (tenant) => {
        asked.push(`${tenant} after ${urls.length} requests`)
        return tenant === 'acme'
      },
    })
    expect(await outcome(jwtOf('acme'))).toBe('accepted')
    expect(await outcome(jwtOf('globex'))).toBe('issuer_unknown')
    expect(asked).toEqual(['acme after 0 requests', 'globex after 2 requests'])
    expect(urls).toHaveLength(2)
  })

  it('is called for a cached token too, so that a tenant can be withdrawn and accepted again', async () => {
    const allowed = new Set(['acme'])
    const tenants = vi.fn((tenant: string) => allowed.has(tenant))
    const { outcome, urls } = tenantBed({ tenants })
    const token = jwtOf('acme')
    expect(await outcome(token)).toBe('accepted')
    allowed.clear()
    expect(await outcome(token)).toBe('issuer_unknown')
    allowed.add('acme')
    expect(await outcome(token)).toBe('accepted')
    expect(tenants).toHaveBeenCalledTimes(3)
    expect(urls).toHaveLength(2)
  })

  it.each<[string, (tenant: string) => unknown, string]>([
    ['returns false', () => false, 'returned false'],
    ['returns a truthy string', () => 'yes', 'not a boolean'],
    ['returns 1', () => 1, 'not a boolean'],
    ['returns undefined', () => undefined, 'not a boolean'],
  ])('refuses the token if it %s', async (_, tenants, why) => {
    const { verifier, urls } = tenantBed({ tenants: tenants as () => boolean })
    const refusal = await refusalOf(verifier.verify(jwtOf('acme')))
    expect(refusal).toMatchObject({ reason: 'issuer_unknown', status: 401 })
    expect(refusal.detail).toContain(why)
    expect(refusal.description).not.toContain('acme')
    expect(urls).toEqual([])
  })

  it.each<[string, (tenant: string) => unknown, string]>([
    ['returns a promise of true', () => Promise.resolve(true), 'a promise in place of a boolean'],
    ['returns a promise that rejects', () => Promise.reject(new Error('database')), 'a promise in place of'],
    [
      'throws',
      () => {
        throw new Error('database')
      },
      'an Error',
    ],
  ])('has not decided if it %s: 503 without any request', async (_, tenants, why) => {
    const { verifier, urls, issuerEvents } = tenantBed({ tenants: tenants as () => boolean })
    const refusal = await refusalOf(verifier.verify(jwtOf('acme')))
    expect(refusal).toMatchObject({ reason: 'issuer_unavailable', status: 503, issuer: TEMPLATE })
    expect(refusal.detail).toContain(`the function tenants failed with ${why}`)
    expect(refusal.detail).not.toContain('database')
    expect([...urls, ...issuerEvents]).toEqual([])
  })

  it('that throws refuses cached and opaque tokens with 503 too, and is called again for the next request', async () => {
    let isBroken = false
    const endpoint = 'https://login.test/introspect'
    const bed = tenantBed({
      tenants: () => {
        if (isBroken) throw new Error('database')
        return true
      },
      introspection: { endpoint, clientId: 'orders', clientSecret: 's' },
    })
    bed.serve(endpoint, { active: true, sub: 's', aud: AUDIENCE, iss: issOf('acme') })
    const token = jwtOf('acme')
    expect(await bed.outcome(token)).toBe('accepted')
    isBroken = true
    expect(await bed.outcome(token)).toBe('issuer_unavailable')
    expect(await bed.outcome('an-opaque-token')).toBe('issuer_unavailable')
    isBroken = false
    expect(await bed.outcome(token)).toBe('accepted')
    expect(await bed.outcome('an-opaque-token')).toBe('accepted')
  })
})

describe('the discovery document of a tenant', () => {
  const document = 'https://login.test/acme/v2.0/.well-known/openid-configuration'
  const keys = { jwks_uri: 'https://login.test/acme/keys' }

  it.each(['https://login.test/{tenantid}/v2.0', TEMPLATE])('may name the template: %s', async (issuer) => {
    const { outcome, serve } = tenantBed({ tenants: ['acme'] })
    serve(document, { issuer, ...keys })
    expect(await outcome(jwtOf('acme'))).toBe('accepted')
  })

  it.each([
    issOf('globex'),
    'https://login.test/{tenantid}/v1.0',
    'https://other.test/{tenantid}/v2.0',
    'https://login.test/{tenant}/{tenant}/v2.0',
    'https://login.test/{}/v2.0',
    'https://login.test/v2.0',
  ])('must not name another issuer: %s', async (issuer) => {
    const { outcome, serve } = tenantBed({ tenants: ['acme'] })
    serve(document, { issuer, ...keys })
    expect(await outcome(jwtOf('acme'))).toBe('keys_unavailable')
  })
})

describe('a key set that all tenants share', () => {
  const jwksUri = 'https://login.test/common/keys'

  it('is fetched once, without discovery', async () => {
    const { outcome, serve, urls } = tenantBed({ tenants: () => true, jwksUri })
    serve(jwksUri, { keys: [jwkOf('shared')] })
    expect(await outcome(jwtOf('acme', { signedBy: 'shared' }))).toBe('accepted')
    expect(await outcome(jwtOf('globex', { signedBy: 'shared' }))).toBe('accepted')
    expect(urls).toEqual([jwksUri])
  })

  it.each([
    ['the concrete issuer', issOf('acme'), 'accepted', 'key_unknown'],
    ['the template', 'https://login.test/{tenantid}/v2.0', 'accepted', 'accepted'],
    ['another issuer', issOf('consumers'), 'key_unknown', 'key_unknown'],
    ['null', null, 'accepted', 'accepted'],
    ['a value that is not a string', 7, 'key_unknown', 'key_unknown'],
  ])('a key whose issuer is %s', async (_, issuer, ofAcme, ofGlobex) => {
    const { outcome, serve } = tenantBed({ tenants: ['acme', 'globex'], jwksUri })
    serve(jwksUri, { keys: [jwkOf('shared', { issuer })] })
    expect(await outcome(jwtOf('acme', { signedBy: 'shared' }))).toBe(ofAcme)
    expect(await outcome(jwtOf('globex', { signedBy: 'shared' }))).toBe(ofGlobex)
  })

  it('drops cached tokens when the key is published for another issuer only', async () => {
    const { outcome, serve, pass } = tenantBed({ tenants: ['acme'], jwksUri })
    serve(jwksUri, { keys: [jwkOf('shared')] })
    const token = jwtOf('acme', { signedBy: 'shared' })
    expect(await outcome(token)).toBe('accepted')
    serve(jwksUri, { keys: [jwkOf('shared', { issuer: issOf('globex') })] })
    pass(601)
    expect(await outcome(token)).toBe('key_unknown')
  })

  it('is configured: jwks and publicKey need no request', async () => {
    const { outcome, urls } = tenantBed({ tenants: ['acme'], jwks: { keys: [jwkOf('shared')] } })
    expect(await outcome(jwtOf('acme', { signedBy: 'shared' }))).toBe('accepted')
    expect(urls).toEqual([])
  })

  it('is not shared if jwksUri has {tenant}', async () => {
    const { outcome, urls } = tenantBed({
      tenants: ['acme', 'globex'],
      jwksUri: 'https://login.test/{tenant}/keys',
    })
    expect(await outcome(jwtOf('acme'))).toBe('accepted')
    expect(await outcome(jwtOf('acme', { signedBy: 'globex' }))).toBe('key_unknown')
    expect(urls[0]).toBe('https://login.test/acme/keys')
  })
})

describe('a policy', () => {
  it.each([
    ['the concrete issuer', issOf('acme'), 'accepted'],
    ['the template', TEMPLATE, 'accepted'],
    ['another tenant', issOf('globex'), 'issuer_not_allowed'],
  ])('can require %s', async (_, issuers, expected) => {
    const { outcome } = tenantBed({ tenants: ['acme', 'globex'] })
    expect(await outcome(jwtOf('acme'), { issuers })).toBe(expected)
  })
})
