import { describe, expect, it } from 'vitest'
import { oauth } from '../../src/index.js'
import type { Fault } from '../../src/testing/index.js'
import { deepJson, Flood, redirect, says, saysJson, saysRaw } from '../support/servers/misbehaviours.js'
import { misbehaviours, outageBed, undecidable, until } from './support.js'
import { jwksBed, type TestBed } from '../support/test-bed.js'

type Make = (good: string, by: TestBed['issuer']) => Fault

const faults: readonly (readonly [string, Make])[] = [
  ...misbehaviours('document'),
  ['F9 a body of 20 MB', () => new Flood('x', 20_000_000).handler],
  ['F9 a body declared as 20 MB', () => new Flood('x', 20_000_000, { 'content-length': '20000000' }).handler],
  ['F9 5,000 keys', (good) => says(200, JSON.stringify({ keys: manyKeys(good, 5000) }))],
  ['F11 a redirect to a loop', (_, by) => redirect(`${by.url}/jwks`, 302)],
  ['F11 a redirect to a link-local address', () => redirect('http://169.254.169.254/latest/meta-data', 301)],
  ['F11 a redirect to a file', () => redirect('file:///etc/passwd', 308)],
  ...[201, 202, 206, 300, 400, 401, 403, 404, 410, 429, 500, 501, 502, 503, 504].map(
    (status): [string, Make] => [`F12 a good set under ${status}`, (good) => says(status, good)],
  ),
  ['F12 a 204', () => says(204)],
  ['F12 a 304', () => says(304)],
  ['F13 a 429 with Retry-After that says nothing', () => saysJson(429, {}, { 'retry-after': 'soon' })],
  ['F16 a list', () => says(200, '[]')],
  ['F16 a string', () => says(200, '"keys"')],
  ['F16 an object without keys', () => says(200, '{}')],
  ['F16 keys that are an object', () => says(200, '{"keys":{}}')],
  ['F16 a byte order mark', (good) => says(200, `\ufeff${good}`)],
  [
    'F16 bytes that are not UTF-8',
    (good) => says(200, Buffer.from(good.replace('{', '{"x":"\xff",'), 'latin1')),
  ],
  ['F16 deep nesting as keys', () => says(200, `{"keys":{"keys":${deepJson()}}}`)],
  [
    'F25 headers of 100 KB',
    () => saysRaw(`HTTP/1.1 200 OK\r\nx-big: ${'x'.repeat(100_000)}\r\n\r\n{"keys":[]}`),
  ],
  ['F25 bytes that are not HTTP', () => saysRaw('\x00\x01\x02 garbage \xff\r\n\r\n')],
  ['F25 an unsolicited 100 Continue', () => saysRaw('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\n\r\n')],
  [
    'F25 103 and then an error',
    () =>
      saysRaw(
        'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
      ),
  ],
]

/** Unusable keys before the usable one, so that it only counts if the whole set is read. */
function manyKeys(good: string, count: number): readonly unknown[] {
  const { keys } = JSON.parse(good) as { readonly keys: readonly Record<string, unknown>[] }
  const junk = Array.from({ length: count }, (_, index) => ({ ...keys[0], kid: `junk-${index}` }))
  return [...junk, ...keys]
}

function goodSet({ issuer, jwt }: TestBed): string {
  jwt()
  return JSON.stringify(issuer.jwks())
}

describe('in place of the keys, the response is', () => {
  it.each(faults)('%s: undecidable when cold, with one call, until the backoff ends', async (_, make) => {
    const bed = await jwksBed()
    const { issuer, jwt, answer, pass, health } = bed
    issuer.fail('jwks', make(goodSet(bed), issuer))
    const token = jwt()
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', 1))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(issuer.calls.total).toBe(1)
    expect(health()).toMatchObject({ status: 'down', keys: { count: 0 } })
    issuer.heal()
    pass(1)
    expect((await answer(token)).status).toBe(200)
    expect(issuer.calls.total).toBe(2)
    expect(health().status).toBe('ok')
  })

  it.each(faults)('%s: the last usable set stays in use when warm', async (_, make) => {
    const bed = await jwksBed()
    const { issuer, jwt, answer, pass, health } = bed
    const token = jwt()
    expect((await answer(token)).status).toBe(200)
    issuer.fail('jwks', make(goodSet(bed), issuer))
    pass(601)
    expect((await answer(token)).status).toBe(200)
    expect((await answer(jwt())).status).toBe(200)
    expect(health()).toMatchObject({ status: 'degraded', keys: { count: 1, age: 601 } })
    expect(issuer.calls.total).toBe(2)
    issuer.heal()
    pass(1)
    expect((await answer(token)).status).toBe(200)
    await until(() => health().status === 'ok')
    expect(issuer.calls.total).toBe(3)
  })

  it('F9 an endless body is read up to the limit only', async () => {
    const { issuer, jwt, answer } = await jwksBed()
    const flood = new Flood(' ')
    issuer.fail('jwks', flood.handler)
    await answer(jwt())
    // What the buffers on both sides take, and no more.
    expect(flood.sent).toBeLessThan(8_000_000)
  })
})

describe('in place of the discovery document, the response is', () => {
  // No response, and the statuses for it, say nothing about where the document is.
  const isTemporary = (name: string): boolean =>
    /^F(1|7|8|25) |under (429|5..)|a 429/.test(name) && !name.includes('white space')
  it.each(faults)('%s: undecidable, and accepted again after the backoff', async (name, make) => {
    const bed = await outageBed({
      issuers: (by) => [oauth(by.oauth({ introspection: undefined }))],
    })
    const { issuer, jwt, answer, pass, health } = bed
    const good = JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` })
    // 5,000 keys are not a fault of a discovery document. There the fault is the size.
    const fault = name.includes('5,000') ? says(200, good + ' '.repeat(300_000)) : make(good, issuer)
    issuer.fail('discovery', fault)
    const token = jwt()
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', 1))
    expect(await answer(token)).toEqual(undecidable('keys_unavailable', 1))
    expect(issuer.calls.discovery).toBe(isTemporary(name) ? 1 : 2)
    expect(issuer.calls.jwks).toBe(0)
    expect(health().status).toBe('down')
    issuer.heal()
    pass(1)
    expect((await answer(token)).status).toBe(200)
  })

  it.each([
    ['F18 another issuer', (url: string) => ({ issuer: `${url}/other`, jwks_uri: `${url}/jwks` })],
    [
      'F15 keys under plain http elsewhere',
      (url: string) => ({ issuer: url, jwks_uri: 'http://keys.example/jwks' }),
    ],
    ['F11 keys in a file', (url: string) => ({ issuer: url, jwks_uri: 'file:///etc/passwd' })],
    ['F16 an address that is a list', (url: string) => ({ issuer: url, jwks_uri: [`${url}/jwks`] })],
    ['F16 no address', (url: string) => ({ issuer: url })],
  ])('%s in it: undecidable, and no keys are fetched', async (_, document) => {
    const { issuer, jwt, answer } = await outageBed()
    issuer.fail('discovery', saysJson(200, document(issuer.url)))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(issuer.calls.jwks).toBe(0)
  })

  it.each([408, 429])('a %d says nothing about where it is: the other URL is not tried', async (status) => {
    const { issuer, jwt, answer, pass } = await outageBed()
    issuer.fail('discovery', saysJson(status, {}, { 'retry-after': '7' }))
    const seconds = status === 429 ? 7 : 1
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', seconds))
    expect(issuer.calls.discovery).toBe(1)
    issuer.heal()
    pass(seconds)
    expect((await answer(jwt())).status).toBe(200)
  })

  it('F3 a stale one is used while it cannot be fetched, and new keys are still found through it', async () => {
    const { issuer, jwt, answer, pass } = await outageBed()
    expect((await answer(jwt())).status).toBe(200)
    issuer.fail('discovery', 500)
    pass(601)
    issuer.rotateKeys()
    expect((await answer(jwt())).status).toBe(200)
    // After the stale limit neither the document nor its keys are used.
    pass(3600)
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 2))
  })

  it('F1 the backoff of keys equals that of the document that they depend on, and does not grow', async () => {
    const { issuer, jwt, answer, pass } = await outageBed()
    issuer.fail('discovery', 503)
    for (let tries = 0; tries < 40; tries += 1) {
      await answer(jwt())
      pass(0.25)
    }
    // A backoff of 1, 2, 4 and 8 s within 10 s: as many calls as the keys alone would cause.
    expect(issuer.calls.discovery).toBe(4)
    issuer.heal()
    const { retryAfter } = await answer(jwt())
    pass(retryAfter!)
    expect((await answer(jwt())).status).toBe(200)
  })
})

describe('not a fault:', () => {
  it.each(['text/html', 'text/plain', 'application/jwk-set+json', undefined])(
    'F14 keys under the media type %s are read, as is a discovery document',
    async (type) => {
      const { issuer, jwt, answer } = await outageBed()
      const token = jwt()
      const headers = type === undefined ? {} : { 'content-type': type }
      const document = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }
      issuer.fail('discovery', says(200, JSON.stringify(document), headers))
      issuer.fail('jwks', says(200, JSON.stringify(issuer.jwks()), headers))
      expect((await answer(token)).status).toBe(200)
    },
  )

  it('F25 103 Early Hints before a valid response', async () => {
    const bed = await jwksBed()
    const good = goodSet(bed)
    bed.issuer.fail(
      'jwks',
      saysRaw(
        `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${good.length}\r\n\r\n${good}`,
      ),
    )
    expect((await bed.answer(bed.jwt())).status).toBe(200)
  })

  it('F9 a set of more than 100 keys: the first 100 are used, and the others are unknown', async () => {
    const bed = await jwksBed()
    const { issuer, jwt, answer, health } = bed
    const good = goodSet(bed)
    issuer.fail('jwks', says(200, JSON.stringify({ keys: manyKeys(good, 150) })))
    expect(await answer(jwt())).toMatchObject({ status: 401, reason: 'key_unknown' })
    expect(health().keys?.count).toBe(100)
  })
})
