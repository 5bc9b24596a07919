import { describe, expect, it } from 'vitest'
import { ConfigurationError, Refusal } from '../../src/index.js'

const refusal = new Refusal('scope_insufficient', {
  issuer: 'https://auth.example.com',
  required: ['orders:read'],
  cause: new Error('internal'),
})

describe('Refusal.toResponse()', () => {
  it('is a global Response with the status, the headers and the body of a guard', async () => {
    const response = refusal.toResponse()
    expect(response).toBeInstanceOf(Response)
    expect(response.status).toBe(403)
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'www-authenticate': refusal.headers['WWW-Authenticate'],
    })
    expect(await response.json()).toEqual({
      error: 'insufficient_scope',
      error_description: refusal.description,
    })
  })

  it('sends Retry-After and no challenge if the token could not be checked', () => {
    const response = new Refusal('keys_unavailable', { retryAfterSeconds: 7 }).toResponse()
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7'])
    expect(response.headers.has('www-authenticate')).toBe(false)
  })

  it('takes the format of the body and the realm', async () => {
    const response = refusal.toResponse({ body: 'problem', realm: 'orders' })
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('www-authenticate')).toContain('realm="orders"')
    expect(await response.json()).toMatchObject({ type: 'about:blank', status: 403, scope: 'orders:read' })
    expect(refusal.withRealm('kept').toResponse().headers.get('www-authenticate')).toContain('realm="kept"')
  })

  it.each([{ body: 'html' }, { realm: '' }, { realm: 'a\r\nb' }, { relm: 'a' }, null])(
    'refuses the options %j',
    (options) => {
      expect(() => refusal.toResponse(options as never)).toThrow(ConfigurationError)
    },
  )
})

describe('Refusal.toJSON()', () => {
  it('returns only what a caller may see, also to JSON.stringify', () => {
    const visible = { error: 'insufficient_scope', error_description: refusal.description }
    expect(refusal.toJSON()).toEqual(visible)
    expect(JSON.parse(JSON.stringify({ refusal }))).toEqual({ refusal: visible })
    expect(new Refusal('token_missing').toJSON().error).toBe('unauthorized')
  })
})
