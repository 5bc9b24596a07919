import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../src/testing/index.js'
import { frameworks, guarded } from './frameworks.js'
import { exchange } from './raw.js'
import { bearer, createIssuer, observedVerifier, run } from './support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

interface Raw {
  readonly promise: string
  /** The request line's target and version. */
  readonly line?: string
  readonly headers: (token: string) => readonly string[]
  /** Expected statuses, of the guard or of Node before it. */
  readonly statuses: readonly number[]
}

const GOOD = (token: string): readonly string[] => [`Authorization: Bearer ${token}`]

const RAW: readonly Raw[] = [
  {
    promise: 'two Authorization headers, the second valid',
    headers: (token) => ['Authorization: Bearer bad', `Authorization: Bearer ${token}`],
    statuses: [400],
  },
  {
    promise: 'two Authorization headers, the first valid, in different case',
    headers: (token) => [`Authorization: Bearer ${token}`, 'aUTHORIZATION: Bearer bad'],
    statuses: [400],
  },
  {
    promise: 'the same Authorization header twice',
    headers: (token) => [...GOOD(token), `AUTHORIZATION: Bearer ${token}`],
    statuses: [400],
  },
  {
    promise: 'another scheme, then a valid token',
    headers: (token) => ['Authorization: Basic YTpi', ...GOOD(token)],
    // A fetch `Headers` joins both to one header of the other scheme.
    statuses: [400, 401],
  },
  { promise: 'an empty Authorization header', headers: () => ['Authorization:'], statuses: [401] },
  { promise: 'a scheme and a space', headers: () => ['Authorization: Bearer '], statuses: [400] },
  {
    promise: 'a tab between the scheme and the token',
    headers: (token) => [`Authorization: Bearer\t${token}`],
    statuses: [400, 401],
  },
  {
    promise: 'a NUL in the token',
    headers: (token) => [`Authorization: Bearer ${token}\0`],
    statuses: [400],
  },
  {
    promise: 'a CR in the token',
    headers: (token) => [`Authorization: Bearer ${token}\rX-Injected: 1`],
    statuses: [400],
  },
  {
    promise: 'an LF in the token',
    headers: (token) => [`Authorization: Bearer ${token.slice(0, -5)}\n${token.slice(-5)}`],
    statuses: [400, 401],
  },
  {
    promise: 'a header folded over two lines',
    headers: (token) => ['Authorization: Bearer bad', ` ${token}`],
    statuses: [400],
  },
  {
    promise: 'bytes beyond ASCII',
    headers: () => ['Authorization: Bearer \x80\xe9\xff'],
    statuses: [400],
  },
  {
    promise: 'bytes beyond ASCII in the scheme',
    headers: (token) => [`Authorization: B\xe9arer ${token}`],
    statuses: [401],
  },
  {
    promise: 'a token of 12 KB',
    headers: () => [`Authorization: Bearer ${'a'.repeat(12_000)}`],
    statuses: [401],
  },
  {
    promise: 'a token of 12 KB of dots',
    headers: () => [`Authorization: Bearer ${'.'.repeat(12_000)}`],
    statuses: [401],
  },
  {
    promise: 'a header longer than the server accepts',
    headers: () => [`Authorization: Bearer ${'a'.repeat(40_000)}`],
    statuses: [431],
  },
  { promise: 'HTTP/1.0 without a token', line: '/orders HTTP/1.0', headers: () => [], statuses: [401] },
  { promise: 'HTTP/1.0 with a valid token', line: '/orders HTTP/1.0', headers: GOOD, statuses: [200] },
  {
    promise: 'an absolute URL without a token',
    line: 'http://elsewhere.example/orders HTTP/1.1',
    headers: () => [],
    statuses: [401],
  },
  {
    promise: 'an absolute URL with a valid token',
    line: 'http://elsewhere.example/orders?secret=1 HTTP/1.1',
    headers: GOOD,
    statuses: [200],
  },
  {
    promise: 'a URL that starts with two slashes, without a token',
    line: '//orders HTTP/1.1',
    headers: () => [],
    statuses: [400, 401],
  },
  {
    promise: 'a URL that cannot be decoded, without a token',
    line: '/%zz HTTP/1.1',
    headers: () => [],
    statuses: [400, 401],
  },
]

describe.each(frameworks)('in $name', (framework) => {
  const start = async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, { verifier, app: [guarded()], routes: [{ path: '/orders' }] })
    return { app, events }
  }

  it.each(RAW)(
    '$promise: the guard or the server responds, and the next request is served',
    async ({ line, headers, statuses }) => {
      const { app, events } = await start()
      const token = issuer.mintJwt()
      const lines = [
        `GET ${line ?? '/orders HTTP/1.1'}`,
        'Host: api.internal',
        ...headers(token),
        'Connection: close',
      ]
      const [answer] = await exchange(app.port, `${lines.join('\r\n')}\r\n\r\n`)
      // Nest calls guards for routes only, so that an unknown URL is 404.
      const unrouted = framework.guardsHandlers === true && line !== undefined ? [404] : []
      expect([...statuses, ...unrouted]).toContain(answer?.status)
      expect(answer?.body).not.toContain(token)
      expect(app.seen.handled).toEqual(answer?.status === 200 ? ['/orders'] : [])
      // The event of an absolute URL contains only the path.
      for (const { path } of events) expect(path).not.toMatch(/secret|elsewhere/)
      expect((await app.send({ path: '/orders', headers: bearer(token) })).status).toBe(200)
    },
  )

  it('responds to pipelined requests separately and in order', async () => {
    const { app } = await start()
    const good = `Authorization: Bearer ${issuer.mintOpaque()}`
    const request = (...headers: readonly string[]): string =>
      `${['GET /orders HTTP/1.1', 'Host: api.internal', ...headers].join('\r\n')}\r\n\r\n`
    const answers = await exchange(
      app.port,
      request() + request(good) + request('Authorization: Bearer') + request(good, 'Connection: close'),
      4,
    )
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 400, 200])
    expect(app.seen.handled).toEqual(['/orders', '/orders'])
  })
})
