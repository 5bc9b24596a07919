import { expect, it } from 'vitest'
import { attackBed } from '../support/tokens/attack.js'
import { deepJson, gzipBomb, says } from '../support/servers/misbehaviours.js'
import { bearer, introspectionBed, testBed } from '../support/test-bed.js'

// Published advisories about requests and responses; see advisories.test.ts for the search, and for those without a case.

it('CVE-2026-40575 / GHSA-7x63-xv5r-3p2x (oauth2-proxy): headers about another path or user open nothing', async () => {
  const { verifier, jwt } = await testBed()
  const token = jwt({ clientId: 'billing' })
  const headers = {
    authorization: `Bearer ${token}`,
    'x-forwarded-uri': '/public',
    'x-original-url': '/public',
    'x-forwarded-user': 'admin',
  }
  const decision = await verifier.authorize({ method: 'GET', url: '/admin', headers }, { clients: 'admin' })
  expect(decision.outcome).toBe('refused')
  const { authorization: _, ...without } = headers
  expect((await verifier.authorize({ url: '/admin', headers: without })).outcome).toBe('refused')
})

it('CVE-2026-34457 / GHSA-5hvv-m4w4-gf6v (oauth2-proxy): no User-Agent passes for a health check', async () => {
  const { verifier } = await testBed()
  for (const agent of ['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0']) {
    const decision = await verifier.authorize({
      method: 'GET',
      url: '/ready',
      headers: { 'user-agent': agent },
    })
    expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason: 'token_missing' } })
  }
})

it('CVE-2024-45808 / GHSA-p222-xhp9-39rc (Envoy): what a caller sends adds no line to a log of events', async () => {
  const { events, verifier, jwt } = await testBed()
  const url = '/orders\r\n{"outcome":"accepted"}'
  for (const token of [jwt({ subject: 'a\r\n{"outcome":"accepted"}' }), 'x']) {
    await verifier.authorize({ method: 'GET', url, ...bearer(token) })
  }
  const log = events.map((event) => JSON.stringify(event)).join('\n')
  expect(log.split('\n')).toHaveLength(events.length)
})

it('CVE-2025-64484 in reverse (oauth2-proxy): a header that is spelled with underscores is not Authorization', async () => {
  const { verifier, jwt } = await testBed()
  const decision = await verifier.authorize({ headers: { authorization_: `Bearer ${jwt()}` } })
  expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason: 'token_missing' } })
})

it('CVE-2026-47673 / GHSA-f577-qrjj-4474 (hono): a valid token under another scheme is not read', async () => {
  const { verifier, jwt } = await testBed()
  for (const scheme of ['Basic', 'Token', 'JWT', 'DPoP', 'Bearerr', '']) {
    const decision = await verifier.authorize({ headers: { authorization: `${scheme} ${jwt()}` } })
    expect(decision).toMatchObject({ outcome: 'refused', refusal: { reason: 'token_missing' } })
  }
})

it('GHSA-xmf8-cvqr-rfgj (next-auth): no malformed Bearer header throws', async () => {
  const { verifier } = await testBed()
  for (const value of ['%', '%zz', '%E0%A4%A', '%00', '..', '.', 'a.b', '=', '\ud800', '%'.repeat(8000)]) {
    const decision = await verifier.authorize({ headers: { authorization: `Bearer ${value}` } })
    expect(decision.outcome).toBe('refused')
  }
})

it('CVE-2026-44457 / GHSA-p77w-8qqv-26rm (hono) and CVE-2026-22732 (Spring Security): no refusal may be cached', async () => {
  const { verifier, jwt, issuer } = await testBed()
  const refused = [bearer('x'), bearer(jwt({ expiresIn: '-1h' })), { headers: {} }]
  issuer.fail('introspection', 500)
  for (const request of [...refused, bearer(issuer.mintOpaque())]) {
    const decision = await verifier.authorize(request)
    if (decision.outcome === 'accepted') throw new Error('accepted')
    expect(decision.refusal.headers['Cache-Control']).toBe('no-store')
  }
})

it('CVE-2026-48042 / GHSA-f24p-rxw2-g6pv (Envoy): deeply nested JSON ends no process, in a token or from an issuer', async () => {
  const { raw, header, claims, outcome, issuer, token } = await attackBed()
  const lists = `${'['.repeat(2500)}${']'.repeat(2500)}`
  const payload = `${JSON.stringify(claims).slice(0, -1)},"x":${lists}}`
  expect(await outcome(raw(header, payload))).toBe('token_undecodable')
  issuer.fail('introspection', says(200, `{"active":true,"sub":"x","x":${deepJson(5000)}}`))
  expect(await outcome('ref_deep')).not.toBe('accepted')
  issuer.fail('jwks', says(200, deepJson()))
  expect(await outcome(token())).toBe('keys_unavailable')
})

it('CVE-2026-48044 / GHSA-m3p9-47wh-88wg (Envoy): a compressed response is not decompressed', async () => {
  const { issuer, opaque, outcome } = await introspectionBed()
  issuer.fail('introspection', gzipBomb())
  expect(await outcome(opaque())).toBe('issuer_unavailable')
  issuer.fail('introspection', says(200, 'x', { 'content-encoding': 'zstd' }))
  expect(await outcome(opaque())).toBe('issuer_unavailable')
})

it('CVE-2026-18208 (Keycloak): an inactive response is a refusal, whatever else it contains', async () => {
  const { issuer, jwt, outcome } = await testBed()
  const claims = { active: false, jwt: jwt(), sub: 'billing', aud: issuer.audience, scope: 'admin' }
  issuer.fail('introspection', { body: claims })
  expect(await outcome(issuer.mintOpaque())).toBe('token_inactive')
  issuer.fail('introspection', says(200, jwt(), { 'content-type': 'application/token-introspection+jwt' }))
  expect(await outcome(issuer.mintOpaque())).toBe('issuer_unavailable')
})
