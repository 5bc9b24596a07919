import { describe, expect, it } from 'vitest'
import { authleteManagementBed, type AuthleteManagementBed, hashOf } from '../../support/management.js'
import { startIssuer } from '../../support/test-bed.js'

type Init = Omit<RequestInit, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }

interface Answer {
  readonly status: number
  readonly json: Readonly<Record<string, unknown>>
}

/** A request to the test issuer as no client of ours would make it. */
async function call({ issuer }: AuthleteManagementBed, path: string, init: Init = {}): Promise<Answer> {
  const { serviceId, serviceAccessToken } = issuer.authleteService
  const headers = { authorization: `Bearer ${serviceAccessToken}`, ...init.headers }
  const response = await fetch(`${issuer.endpoints.authlete}/api/${serviceId}${path}`, { ...init, headers })
  const text = await response.text()
  return { status: response.status, json: JSON.parse(text === '' ? '{}' : text) as Answer['json'] }
}

const post = (body: object): Init => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

describe("the test issuer as Authlete's management API", () => {
  it('revokes by the first field it finds, and ignores the others', async () => {
    const bed = await authleteManagementBed()
    const mint = () => bed.issuer.mintOpaque({ provider: 'authlete', clientId: bed.clientId })
    const [first, second, third] = [mint(), mint(), mint()]
    const wider = { accessTokenIdentifier: first, clientIdentifier: bed.clientId, subject: 'nobody' }
    expect((await call(bed, '/auth/token/revoke', post(wider))).json).toMatchObject({ count: 1 })
    expect(await bed.outcome(second)).toBe('accepted')
    const unknown = { accessTokenIdentifier: 'unknown', clientIdentifier: bed.clientId }
    expect((await call(bed, '/auth/token/revoke', post(unknown))).status).toBe(404)
    expect(await bed.outcome(third)).toBe('accepted')
    expect((await call(bed, '/auth/token/revoke', post({}))).status).toBe(400)
    const client = { clientIdentifier: bed.clientId }
    expect((await call(bed, '/auth/token/revoke', post(client))).json).toMatchObject({ count: 2 })
  })

  it('updates by the token if a hash is given as well', async () => {
    const bed = await authleteManagementBed()
    const mint = () => bed.issuer.mintOpaque({ provider: 'authlete', scopes: 'a' })
    const [first, second] = [mint(), mint()]
    await call(
      bed,
      '/auth/token/update',
      post({ accessToken: first, accessTokenHash: hashOf(second), scopes: ['b'] }),
    )
    expect((await bed.tokens.introspect({ token: first })).scopes).toEqual(['b'])
    expect((await bed.tokens.introspect({ token: second })).scopes).toEqual(['a'])
    const unchanged = { accessToken: first, accessTokenExpiresAt: 0, scopes: null }
    const { json } = await call(bed, '/auth/token/update', post(unchanged))
    expect(json).toMatchObject({
      action: 'OK',
      scopes: ['b'],
      accessTokenExpiresAt: (bed.now() + 3600) * 1000,
    })
  })

  it('lists five tokens by default', async () => {
    const bed = await authleteManagementBed()
    for (let count = 0; count < 7; count += 1) bed.issuer.mintOpaque({ provider: 'authlete' })
    const { json } = await call(bed, '/auth/token/get/list')
    expect(json).toMatchObject({ start: 0, end: 5, totalCount: 7 })
    expect(json['accessTokens']).toHaveLength(5)
    expect((await call(bed, '/auth/token/get/list?start=5&end=1')).status).toBe(400)
  })

  it('accepts forms for changes to a token, but only JSON for ID tokens', async () => {
    const bed = await authleteManagementBed()
    const form = (fields: Record<string, string>): Init => ({
      method: 'POST',
      body: new URLSearchParams(fields),
    })
    const grant = {
      grantType: 'CLIENT_CREDENTIALS',
      clientId: bed.clientId,
      scopes: 'a b',
      accessTokenDuration: '60',
    }
    const { json } = await call(bed, '/auth/token/create', form(grant))
    expect(json).toMatchObject({ action: 'OK', scopes: ['a', 'b'], expiresIn: 60, tokenType: 'Bearer' })
    const accessTokenIdentifier = String(json['accessToken'])
    expect((await call(bed, '/auth/token/revoke', form({ accessTokenIdentifier }))).json).toMatchObject({
      count: 1,
    })
    expect((await call(bed, '/idtoken/reissue', form({ accessToken: 'x' }))).status).toBe(400)
  })

  it.each([
    ['GET', '/auth/token/get/list'],
    ['POST', '/auth/token/create'],
    ['POST', '/auth/token/update'],
    ['DELETE', '/auth/token/delete/x'],
    ['POST', '/auth/token/revoke'],
    ['POST', '/idtoken/reissue'],
  ])(
    '%s %s requires the service: 401 without its token, 403 for another, 405 for another method',
    async (method, path) => {
      const bed = await authleteManagementBed()
      for (const [authorization, status, resultCode] of [
        ['', 401, 'A001202'],
        ['Bearer wrong', 401, 'A001203'],
      ] as const) {
        expect(await call(bed, path, { method, headers: { authorization } })).toMatchObject({
          status,
          json: { resultCode },
        })
      }
      const other = await startIssuer()
      const { serviceAccessToken } = bed.issuer.authleteService
      const address = `${bed.issuer.endpoints.authlete}/api/${other.authleteService.serviceId}${path}`
      const foreign = await fetch(address, {
        method,
        headers: { authorization: `Bearer ${serviceAccessToken}` },
      })
      expect([foreign.status, await foreign.json()]).toMatchObject([403, { resultCode: 'A001215' }])
      expect((await call(bed, path, { method: 'PUT' })).status).toBe(405)
      expect(bed.issuer.calls.authleteTokens).toBe(4)
    },
  )
})
