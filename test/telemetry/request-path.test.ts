import { describe, expect, it } from 'vitest'
import type { GuardedRequest } from '../../src/index.js'
import { bearer, testBed } from '../support/test-bed.js'

const WHO = { clientId: 'billing' }

/** Forms in which a caller may also put its `Authorization` value into the path. */
const FORMS: readonly (readonly [form: string, inPath: (token: string) => string])[] = [
  ['plain', (token) => token],
  ['in quotes', (token) => `"${token}"`],
  ['encoded', (token) => inTurns(token, percent)],
  ['encoded twice', (token) => inTurns(token, (character) => encodeURIComponent(percent(character)))],
  [
    'encoded in part',
    (token) => inTurns(token, (character, at) => (at % 3 === 0 ? percent(character) : character)),
  ],
  [
    'with encoded digits of the encoding',
    (token) => inTurns(token, (character) => `%25${inTurns(percent(character).slice(1), percent)}`),
  ],
  ['split into halves', (token) => `${token.slice(0, token.length / 2)}/${token.slice(token.length / 2)}`],
  ['split into pieces of ten', (token) => (token.match(/.{1,10}/g) ?? []).join('/')],
  ['split by encoded separators', (token) => (token.match(/.{1,10}/g) ?? []).join('%2F')],
  ['split at its dots', (token) => token.replaceAll('.', '/')],
  ['without its first part', (token) => token.slice(8)],
]

function inTurns(token: string, change: (character: string, at: number) => string): string {
  return Array.from(token, change).join('')
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}

/** One header with a readable token, and headers without one. */
const HEADERS: readonly (readonly [what: string, headersOf: (token: string) => GuardedRequest])[] = [
  ['a token that is read', (token) => ({ headers: { authorization: `Bearer ${token}` } })],
  [
    'two Authorization headers',
    (token) => ({
      headers: { authorization: 'Bearer other' },
      rawHeaders: ['Authorization', 'Bearer other', 'authorization', `Bearer ${token}`],
    }),
  ],
  [
    'two in a Headers',
    (token) => ({
      headers: new Headers([
        ['authorization', 'Bearer other'],
        ['authorization', `Bearer ${token}`],
      ]),
    }),
  ],
  ['a list', (token) => ({ headers: { authorization: ['Bearer other', `Bearer ${token}`] } })],
  [
    'names in two cases',
    (token) => ({ headers: { authorization: 'Bearer other', AUTHORIZATION: `Bearer ${token}` } }),
  ],
  ['invalid characters after it', (token) => ({ headers: { authorization: `Bearer ${token}{}` } })],
  ['quotes', (token) => ({ headers: { authorization: `Bearer "${token}"` } })],
  ['a comma', (token) => ({ headers: { authorization: `Bearer ${token}, Bearer other` } })],
  ['another scheme', (token) => ({ headers: { authorization: `DPoP ${token}` } })],
  ['no scheme', (token) => ({ headers: { authorization: token } })],
  ['a scheme without a space after it', (token) => ({ headers: { authorization: `Bearer${token}` } })],
  ['a tab', (token) => ({ headers: { authorization: `Bearer\t${token}` } })],
]

describe.each(HEADERS)('credentials in the path, with %s in the header', (_, requestOf) => {
  it.each(FORMS)('are masked %s', async (_form, inPath) => {
    const bed = await testBed()
    for (const token of [bed.jwt(WHO), bed.issuer.mintOpaque(WHO)]) {
      const path = `/callback/${inPath(token)}/orders`
      await bed.verifier.authorize({ method: 'GET', url: `${path}?x=1`, ...requestOf(token) })
      const reported = bed.events.at(-1)!.path!
      // The character before a part may be the one before it in the token, and is then masked too.
      expect(reported).toMatch(/^\/callb.*\[token\].*\/orders$/)
      const shown = decodeURIComponent(decodeURIComponent(decodeURIComponent(reported))).replace(
        /[^A-Za-z0-9_-]/g,
        '',
      )
      for (let at = 0; at + 20 <= token.length; at += 1) {
        const part = token.replace(/[^A-Za-z0-9_-]/g, '').slice(at, at + 20)
        if (part.length === 20) expect(shown).not.toContain(part)
      }
    }
  })

  it('do not mask a path that only resembles them', async () => {
    const bed = await testBed()
    const path = '/tenants/3f2b8c1e-7a55-4c3e-9d1b-0c2f6a8e4b7d/orders/2031-04-06T12:00:00.000Z'
    await bed.verifier.authorize({ url: path, ...requestOf(bed.jwt(WHO)) })
    expect(bed.events.at(-1)!.path).toBe(path)
  })
})

it('a password in a URL is not reported, nor a token as the method', async () => {
  const bed = await testBed()
  for (const url of ['http://user:secret@api.internal/orders', 'http://user:secret@api internal/orders'])
    await bed.verifier.authorize({ url, ...bearer('x') })
  for (const { path } of bed.events) expect(path).not.toContain('secret')
  const token = bed.jwt(WHO)
  await bed.verifier.authorize({ method: token, url: '/orders', ...bearer(token) })
  expect(bed.events.at(-1)!.method).toBe('[token]')
})

it('a path or credentials too long to search are masked entirely, so that they do not block the event loop', async () => {
  const bed = await testBed()
  const parts = Array.from({ length: 370 }, (_, index) => `${index}`.padStart(20, 'part'))
  const many = Array.from({ length: 200 }, (_, index) => ['Authorization', `${index}`.repeat(100)]).flat()
  await bed.verifier.authorize({ url: `/${'a'.repeat(2048)}`, ...bearer('a'.repeat(8000)) })
  await bed.verifier.authorize({ url: `/${'x/'.repeat(100)}`, headers: {}, rawHeaders: many })
  const authorization = `X ${parts.join(' ')}`
  await bed.verifier.authorize({ url: `/${'b'.repeat(2049)}`, headers: { authorization } })
  await bed.verifier.authorize({ url: `/${'b'.repeat(2000)}/${parts[7]}`, headers: { authorization } })
  const paths = bed.events.map(({ path }) => path)
  expect(paths).toEqual(['[token]', '[token]', '[token]', `/${'b'.repeat(2000)}/[token]`])
})
