import { describe, expect, it } from 'vitest'
import type { GuardedRequest } from '../../../src/index.js'
import { type AttackBed, sharedAttackBed } from '../../support/tokens/attack.js'
import { reasonOf } from '../../support/outcomes.js'

const held = sharedAttackBed()

describe('the Authorization header: only RFC 6750 syntax carries a token', () => {
  it.each<[string, (token: string) => string | undefined, string]>([
    ['A1: no header', () => undefined, 'token_missing'],
    ['A2: an empty header', () => '', 'token_missing'],
    ['A2: the scheme alone', () => 'Bearer', 'token_malformed'],
    ['A2: the scheme and a space', () => 'Bearer ', 'token_malformed'],
    ['A2: the scheme and many spaces', () => `Bearer${' '.repeat(5000)}`, 'token_malformed'],
    ['A3: bearer in lower case', (token) => `bearer ${token}`, 'accepted'],
    ['A3: BEARER in upper case', (token) => `BEARER ${token}`, 'accepted'],
    ['A3: bEaReR', (token) => `bEaReR ${token}`, 'accepted'],
    ['A4: a colon after the scheme', (token) => `Bearer: ${token}`, 'token_missing'],
    ['A4: no space after the scheme', (token) => `Bearer${token}`, 'token_missing'],
    ['A4: the scheme twice', (token) => `Bearer Bearer ${token}`, 'token_malformed'],
    ['A4: a parameter after the token', (token) => `Bearer ${token} realm="x"`, 'token_malformed'],
    ['A4: the token alone', (token) => token, 'token_missing'],
    ['A4: the token in quotes', (token) => `Bearer "${token}"`, 'token_malformed'],
    ['A4: the token as a parameter', (token) => `Bearer token="${token}"`, 'token_malformed'],
    ['A5: two spaces', (token) => `Bearer  ${token}`, 'accepted'],
    ['A5: a tab', (token) => `Bearer\t${token}`, 'token_malformed'],
    ['A5: a space at the end', (token) => `Bearer ${token} `, 'token_malformed'],
    ['A5: a space in front', (token) => ` Bearer ${token}`, 'token_missing'],
    ['A7: two credentials in one header', (token) => `Bearer ${token}, Bearer ${token}`, 'token_malformed'],
    ['A7: a comma after the token', (token) => `Bearer ${token},`, 'token_malformed'],
    ['A7: a folded line', (token) => `Bearer ${token}\r\n ${token}`, 'token_malformed'],
    ['A8: Basic', (token) => `Basic ${token}`, 'token_missing'],
    ['A8: Digest', (token) => `Digest ${token}`, 'token_missing'],
    ['A8: DPoP without a proof', (token) => `DPoP ${token}`, 'token_missing'],
    ['A12: a NUL in the token', (token) => `Bearer ${token}\0`, 'token_malformed'],
    ['A12: a line break in the token', (token) => `Bearer ${token}\n`, 'token_malformed'],
    ['A12: CR LF in the token', (token) => `Bearer ${token}\r\nX-Injected: 1`, 'token_malformed'],
    ['A12: a byte beyond ASCII', (token) => `Bearer ${token}\u0080`, 'token_malformed'],
    ['A12: the last byte', (token) => `Bearer ÿ${token}`, 'token_malformed'],
    ['A12: a no-break space after the scheme', (token) => `Bearer\u00a0${token}`, 'token_missing'],
    ['B20: a zero-width space', (token) => `Bearer ${token}\u200b`, 'token_malformed'],
    ['B21: full-width dots', (token) => `Bearer ${token.replaceAll('.', '．')}`, 'token_malformed'],
    ['B21: percent-coded dots', (token) => `Bearer ${token.replaceAll('.', '%2E')}`, 'token_malformed'],
  ])('%s', async (_, write, expected) => {
    const { bed } = held
    const authorization = write(bed.token())
    const decision = await bed.decide({ headers: authorization === undefined ? {} : { authorization } })
    expect(reasonOf(decision)).toBe(expected)
    expect(bed.issuer.calls.total).toBe(0)
  })
})

describe('A6: several Authorization headers are refused, whichever of them is valid', () => {
  const good = ({ token }: Pair): string => `Bearer ${token}`
  const bad = (): string => 'Bearer bad'
  it.each<[string, (pair: Pair) => readonly string[]]>([
    ['bad, then good', (pair) => [bad(), good(pair)]],
    ['good, then bad', (pair) => [good(pair), bad()]],
    ['the same twice', (pair) => [good(pair), good(pair)]],
    ['good, then Basic', (pair) => [good(pair), 'Basic eDp5']],
    ['good, then empty', (pair) => [good(pair), '']],
  ])('%s', async (_, write) => {
    const { bed } = held
    const values = write({ token: bed.token() })
    const [authorization] = values
    // As Node has it: the first in `headers`, all of them in `rawHeaders`.
    const rawHeaders = values.flatMap((value, index) => [
      index % 2 ? 'AUTHORIZATION' : 'authorization',
      value,
    ])
    expect(reasonOf(await bed.decide({ headers: { authorization }, rawHeaders }))).toBe('token_malformed')
    // As a gateway has it: a list.
    expect(reasonOf(await bed.decide({ headers: { authorization: values } }))).toBe('token_malformed')
    // As fetch has it: joined.
    const headers = new Headers(values.map((value) => ['authorization', value]))
    expect(reasonOf(await bed.decide({ headers }))).not.toBe('accepted')
  })

  it('a raw header whose value is "authorization" is not a second header', async () => {
    const { bed } = held
    const authorization = `Bearer ${bed.token()}`
    const rawHeaders = ['X-Name', 'authorization', 'Authorization', authorization]
    expect(reasonOf(await bed.decide({ headers: { authorization }, rawHeaders }))).toBe('accepted')
  })
})

describe('only the Authorization header is read', () => {
  it.each<[string, (token: string) => Partial<GuardedRequest>]>([
    ['A9: a token in the query', (token) => ({ url: `/orders?access_token=${token}` })],
    ['A9: a token in a cookie', (token) => ({ headers: { cookie: `access_token=${token}` } })],
    ['A9: X-Access-Token', (token) => ({ headers: { 'x-access-token': `Bearer ${token}` } })],
    ['A9: Proxy-Authorization', (token) => ({ headers: { 'proxy-authorization': `Bearer ${token}` } })],
    ['A10: X-User and the like', () => ({ headers: { 'x-user': 'admin', 'x-auth-scopes': 'orders:read' } })],
    ['A10: a forwarded authorization', (token) => ({ headers: { 'x-forwarded-authorization': token } })],
  ])('%s: no token was sent', async (_, request) => {
    const { bed } = held
    const decision = await bed.decide({ method: 'GET', headers: {}, ...request(bed.token()) })
    expect(reasonOf(decision)).toBe('token_missing')
  })

  it('A9: a second, better token elsewhere does not help a bad one', async () => {
    const { bed } = held
    const better = bed.token()
    const headers = {
      authorization: 'Bearer bad',
      cookie: `access_token=${better}`,
      'x-access-token': better,
    }
    expect(reasonOf(await bed.decide({ url: `/?access_token=${better}`, headers }))).toBe('issuer_unknown')
  })

  it('A10: headers set by the caller are not in the principal', async () => {
    const { bed } = held
    const headers = {
      authorization: `Bearer ${bed.token()}`,
      'x-user': 'admin',
      'x-client-id': 'admin',
      'x-auth-scopes': 'admin',
    }
    const decision = await bed.decide({ headers })
    expect(decision.outcome).toBe('accepted')
    expect(JSON.stringify(decision)).not.toContain('admin')
  })

  it.each(['HEAD', 'OPTIONS', 'TRACE', 'get', 'PROPFIND', ''])(
    'A11: %s is treated like any other method',
    async (method) => {
      const { bed } = held
      const headers = { authorization: `Bearer ${bed.token()}` }
      expect(reasonOf(await bed.decide({ method, url: '/orders', headers: {} }))).toBe('token_missing')
      expect(reasonOf(await bed.decide({ method, url: '/orders', headers }))).toBe('accepted')
    },
  )

  it.each(['/ORDERS', '//orders', '/a/../orders', '/%6frders', '*', '', 'http://[', '/\0'])(
    'A11: the path %j does not change the decision',
    async (url) => {
      const { bed } = held
      const headers = { authorization: `Bearer ${bed.token()}` }
      expect(reasonOf(await bed.decide({ method: 'GET', url, headers: {} }))).toBe('token_missing')
      expect(reasonOf(await bed.decide({ method: 'GET', url, headers }))).toBe('accepted')
    },
  )
})

describe('A6: two headers in a header object that was made by hand, in two cases', () => {
  it.each<[string, (token: string) => Record<string, string>]>([
    ['the good one first', (token) => ({ authorization: `Bearer ${token}`, Authorization: 'Bearer x' })],
    ['the good one last', (token) => ({ Authorization: 'Bearer x', authorization: `Bearer ${token}` })],
    ['neither in lower case', (token) => ({ Authorization: `Bearer ${token}`, AUTHORIZATION: 'Bearer x' })],
    ['the same twice', (token) => ({ authorization: `Bearer ${token}`, Authorization: `Bearer ${token}` })],
  ])('%s', async (_, headers) => {
    const { bed } = held
    expect(reasonOf(await bed.decide({ headers: headers(bed.token()) }))).toBe('token_malformed')
  })

  it('one of them that is undefined counts as absent', async () => {
    const { bed } = held
    const headers = { authorization: undefined, Authorization: `Bearer ${bed.token()}` }
    expect(reasonOf(await bed.decide({ headers }))).toBe('accepted')
  })

  it('one in any case is read', async () => {
    const { bed } = held
    for (const name of ['authorization', 'Authorization', 'AUTHORIZATION']) {
      const headers = { [name]: `Bearer ${bed.token()}`, host: 'api.test' }
      expect(reasonOf(await bed.decide({ headers }))).toBe('accepted')
    }
  })
})

describe('a custom header object whose value is not a string', () => {
  it.each<[string, (text: string) => unknown, string]>([
    ['null', () => null, 'token_missing'],
    ['a number', () => 7, 'token_malformed'],
    ['a list in a list', (text) => [[text]], 'token_malformed'],
    ['a list that holds null', () => [null], 'token_malformed'],
    ['an empty list', () => [], 'token_malformed'],
    ['an object that converts to the string', (text) => ({ toString: () => text }), 'token_malformed'],
    ['a list of one string', (text) => [text], 'accepted'],
  ])('%s', async (_, valueOf, expected) => {
    const { bed } = held
    const headers = { authorization: valueOf(`Bearer ${bed.token()}`) } as GuardedRequest['headers']
    expect(reasonOf(await bed.decide({ headers }))).toBe(expected)
  })
})

interface Pair {
  readonly token: ReturnType<AttackBed['token']>
}
