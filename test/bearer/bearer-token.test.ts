import { describe, expect, it } from 'vitest'
import { isBearerToken } from '../../src/bearer/b64token.js'
import { readBareToken, readBearer, withAuthorizationFrom } from '../../src/bearer/bearer-token.js'
import type { GuardedRequest } from '../../src/index.js'

const TOKEN = 'aZ09-._~+/=='

/** The token, or the reason and the detail of the refusal. */
function resultOf(result: ReturnType<typeof readBearer>): string {
  return typeof result === 'string' ? result : `${result.reason}: ${result.detail}`
}

const read = (authorization: unknown): string =>
  resultOf(readBearer({ headers: { authorization } as GuardedRequest['headers'] }))

describe('the Authorization header', () => {
  it.each([
    ['one space', `Bearer ${TOKEN}`],
    ['several spaces', `Bearer   ${TOKEN}`],
    ['the scheme in lower case', `bearer ${TOKEN}`],
    ['the scheme in mixed case', `bEARER ${TOKEN}`],
  ])('with %s carries its token', (_, header) => {
    expect(read(header)).toBe(TOKEN)
  })

  it.each<[string, unknown, string]>([
    ['is absent', undefined, 'the request has no Authorization header'],
    ['has a registered scheme', 'Basic YTpi', 'the Authorization header has the scheme Basic, not Bearer'],
    ['is a bare token', TOKEN, 'the Authorization header does not start with the scheme Bearer'],
    ['has no space', `Bearer${TOKEN}`, 'the Authorization header does not start with the scheme Bearer'],
  ])('that %s carries none, and the detail quotes no credential', (_, header, detail) => {
    expect(read(header)).toBe(`token_missing: ${detail}`)
  })

  it.each<[string, unknown, string]>([
    ['the scheme alone', 'Bearer', 'the token is empty'],
    ['a tab', `Bearer\t${TOKEN}`, 'the scheme Bearer and the token are not separated by spaces'],
    [
      'a space in the token',
      'bearer ab cd',
      'the character U+0020 at position 3 of the token is not allowed',
    ],
    ['a character above U+FFFF', 'bearer a\u{1f511}', 'the character U+1F511 at position 2 of the token'],
    ['= inside the token', 'bearer a=b', 'the token has = before its end'],
    ['a number as its value', 7, 'the header Authorization is a number, not a string'],
    ['two values', ['Bearer a', 'Bearer b'], 'the request has several Authorization headers'],
  ])('with %s is malformed, and the detail says where', (_, header, detail) => {
    expect(read(header)).toContain(`token_malformed: ${detail}`)
  })

  it('is malformed if Node has dropped a second one', () => {
    const authorization = `Bearer ${TOKEN}`
    const rawHeaders = ['Authorization', authorization, 'AUTHORIZATION', 'Bearer other']
    expect(resultOf(readBearer({ headers: { authorization }, rawHeaders }))).toContain('token_malformed')
  })

  it('leaves the characters of a commonly written token to isBearerToken', () => {
    expect([TOKEN, 'a b', 'a=b', '', 'ä'].map(isBearerToken)).toEqual([true, false, false, false, false])
    expect(read('Bearer a"b')).toBe('a"b')
  })
})

describe('the header of the option header', () => {
  const bare = (value: unknown): string =>
    resultOf(readBareToken({ headers: { 'X-Token': value, authorization: 'Bearer a' } as never }, 'x-token'))

  it('carries exactly one bare token', () => {
    expect(bare(TOKEN)).toBe(TOKEN)
    expect(bare(undefined)).toBe('token_missing: the request has no header x-token')
    expect(bare('')).toBe('token_malformed: the token is empty')
    expect(bare(`Bearer ${TOKEN}`)).toContain('token_malformed: the character U+0020 at position 7')
    expect(bare([TOKEN, TOKEN])).toContain('token_malformed: the request has several x-token headers')
  })

  it.each<[string, (headers: Record<string, string>) => GuardedRequest['headers']]>([
    ['an object', (headers) => headers],
    ['a Headers', (headers) => new Headers(headers)],
  ])('replaces Authorization in %s, also where it is absent or malformed', (_, headersOf) => {
    const seen = (value: Record<string, string>): string => {
      const headers = headersOf({ authorization: 'Bearer outer', ...value })
      return resultOf(readBearer(withAuthorizationFrom({ headers }, 'x-token'))).split(':', 1)[0]!
    }
    expect(seen({ 'x-token': TOKEN })).toBe(TOKEN)
    expect(seen({ 'x-token': 'a b' })).toBe('token_malformed')
    expect(seen({})).toBe('token_missing')
  })
})
