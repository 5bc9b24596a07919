import { describe, expect, it } from 'vitest'
import { bearer, testBed } from '../support/test-bed.js'
import { WHO } from './support.js'

describe('the path that is reported', () => {
  it.each<[string, { url?: string; originalUrl?: string }, string | undefined]>([
    ['has no query', { url: '/orders/7?access_token=secret' }, '/orders/7'],
    ['has no fragment', { url: '/orders/7#secret' }, '/orders/7'],
    ['has no host', { url: 'https://user:secret@api.test/orders?x=1' }, '/orders'],
    ['has the mount path', { url: '/7?x=1', originalUrl: '/orders/7?x=1' }, '/orders/7'],
    ['keeps two slashes', { url: '//api.test/orders?x' }, '//api.test/orders'],
    ['is absent if the request has no URL', {}, undefined],
  ])('%s', async (_, address, path) => {
    const { events, verifier } = await testBed()
    await verifier.authorize({ headers: {}, ...address })
    expect(events[0]!.path).toBe(path)
  })
})

describe('a hand-made request with any properties is reported', () => {
  const broken = {
    get: () => {
      throw new Error('not to be had')
    },
  }
  it.each<[string, object, object]>([
    [
      'a URL that is not a string',
      { method: 'GET', url: new URL('https://api.test/orders') },
      { method: 'GET' },
    ],
    ['a method that is not a string', { method: 7, url: '/orders' }, { path: '/orders' }],
    ['a URL that throws', Object.defineProperty({ method: 'GET' }, 'url', broken), {}],
    ['a method that throws', Object.defineProperty({ url: '/orders' }, 'method', broken), {}],
  ])('%s', async (_, request, reported) => {
    const { events, verifier, jwt } = await testBed()
    const decision = await verifier.authorize(Object.assign(request, bearer(jwt())))
    expect(decision.outcome).toBe('accepted')
    expect(events).toHaveLength(1)
    const { method, path } = events[0]!
    expect({ method, path }).toEqual({ method: undefined, path: undefined, ...reported })
  })
})

describe('a token that is also in the path', () => {
  const pathOf = async (path: string, token: string) => {
    const { events, verifier } = await testBed()
    await verifier.authorize({ url: path, ...bearer(token) })
    return events[0]!.path
  }

  it('is masked, accepted or not', async () => {
    const bed = await testBed()
    const [good, opaque] = [bed.jwt(WHO), bed.issuer.mintOpaque(WHO)]
    for (const token of [good, opaque, `${good}x`, 'not-there-at-all']) {
      const address = `/callback/${token}/${token}.json`
      await bed.verifier.authorize({ url: address, ...bearer(token) })
      expect(bed.events.at(-1)!.path).toBe('/callback/[token]/[token].json')
    }
  })

  it.each([
    ['in part', '/callback/abcdefgh%2Fefgh+ijkl=/x%0Ay', '/callback/[token]/x%0Ay'],
    ['in lower case', '/callback/abcdefgh%2fefgh%2bijkl%3d', '/callback/[token]'],
    ['of a part of it', '/callback/%zz/abcdefgh%2Fefgh%2Bijkl', '/callback/%zz/abcdefgh%2Fefgh%2Bijkl'],
    ['next to the plain token', '/abcdefgh/efgh+ijkl=/abcdefgh%2Fefgh%2Bijkl%3D', '/[token]/[token]'],
    ['of an encoding', '/callback/abcdefgh%252Fefgh%25252bijkl%3D/x%2520y', '/callback/[token]/x%2520y'],
    ['next to invalid escapes', '/%zz/abcdefgh%2Fefgh%2Bijkl%3D%C3%A9%ff', '/%zz/[token]%C3%A9%ff'],
  ])('is masked in an encoding %s', async (_, path, reported) => {
    expect(await pathOf(path, 'abcdefgh/efgh+ijkl=')).toBe(reported)
  })

  it('is masked in percent-encoding', async () => {
    expect(await pathOf('/callback/abcd%2Fefgh%2Bijkl%3D', 'abcd/efgh+ijkl=')).toBe(
      '/callback/abcd%2Fefgh%2Bijkl%3D',
    )
    expect(await pathOf('/callback/abcdefgh%2Fefgh%2Bijkl%3D', 'abcdefgh/efgh+ijkl=')).toBe(
      '/callback/[token]',
    )
  })

  it.each([
    ['with escapes in the token', 'abcdefgh%2Fefgh%2Bijkl%3D', '/callback/[token]'],
    ['with unrelated escapes next to it', 'abcdefghijklmnopqrst', '/a%2Fb/callback/[token]'],
  ])('is masked as it was sent, %s', async (_, token, reported) => {
    const before = reported.slice(0, reported.indexOf('/callback'))
    expect(await pathOf(`${before}/callback/${token}`, token)).toBe(reported)
  })

  it('a credential with characters that no token contains is masked in percent-encoding', async () => {
    expect(await pathOf('/callback/user%3Asecret-of-16-chars', 'user:secret-of-16-chars')).toBe(
      '/callback/[token]',
    )
  })

  it('a value too short to be a secret masks nothing', async () => {
    expect(await pathOf('/internal/orders', 'orders')).toBe('/internal/orders')
  })

  it('a path that is not valid Unicode is reported like any other', async () => {
    expect(await pathOf('/orders/of/somebody/else', `\ud800${'x'.repeat(20)}`)).toBe(
      '/orders/of/somebody/else',
    )
  })
})
