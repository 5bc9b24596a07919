import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createVerifier, oauth, type DecisionEvent, type Verifier } from '../../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { APPLICATIONS, ask, request, serve, type Running } from './support.js'

let issuer: TestIssuer
let verifier: Verifier
const events: DecisionEvent[] = []
beforeAll(async () => {
  issuer = await createTestIssuer()
  verifier = createVerifier({
    issuers: [oauth(issuer.oauth())],
    onDecision: (event) => void events.push(event),
  })
  await verifier.ready()
})
afterAll(() => issuer.close())

interface Hostile {
  readonly what: string
  readonly lines: (token: string) => readonly string[]
  /** Expected status and reason; `node` if Node responds before the guard. */
  readonly status: number
  readonly reason: string
}

const MEGABYTE = 1024 * 1024

const HOSTILE: readonly Hostile[] = [
  {
    what: 'a hundred Authorization headers',
    lines: (token) => Array.from({ length: 100 }, () => `Authorization: Bearer ${token.slice(-20)}`),
    status: 400,
    reason: 'token_malformed',
  },
  {
    what: 'two tokens in one header',
    lines: (token) => [`Authorization: Bearer ${token}, Bearer ${token}`],
    status: 400,
    reason: 'token_malformed',
  },
  {
    what: 'a tab after the scheme',
    lines: (token) => [`Authorization: Bearer\t${token}`],
    status: 400,
    reason: 'token_malformed',
  },
  {
    what: 'a token in quotes',
    lines: (token) => [`Authorization: Bearer "${token}"`],
    status: 400,
    reason: 'token_malformed',
  },
  {
    what: 'a NUL before the token',
    lines: (token) => [`Authorization: Bearer \0${token}`],
    status: 400,
    reason: 'node',
  },
  {
    what: 'a NUL in the header name',
    lines: (token) => [`Authori\0zation: Bearer ${token}`],
    status: 400,
    reason: 'node',
  },
  {
    what: 'a space before the colon',
    lines: (token) => [`Authorization : Bearer ${token}`],
    status: 400,
    reason: 'node',
  },
  {
    what: 'every byte from 0x80 to 0xff',
    lines: () => [
      `Authorization: Bearer ${Buffer.from(Array.from({ length: 128 }, (_, at) => at + 128)).toString('latin1')}`,
    ],
    status: 400,
    reason: 'token_malformed',
  },
  {
    what: 'a no-break space after the scheme',
    lines: (token) => [`Authorization: Bearer\xa0${token}`],
    status: 401,
    reason: 'token_missing',
  },
  ...['Basic', 'Digest', 'DPoP', 'Negotiate', 'Token', 'BearerX', 'Bearer:'].map((scheme) => ({
    what: `the scheme ${scheme}`,
    lines: (token: string) => [`Authorization: ${scheme} ${token}`],
    status: 401,
    reason: 'token_missing',
  })),
  ...['Proxy-Authorization', 'X-Authorization', 'X-Forwarded-Authorization', 'X-Access-Token', 'Cookie'].map(
    (name) => ({
      what: `the token in ${name}`,
      lines: (token: string) => [`${name}: Bearer ${token}`],
      status: 401,
      reason: 'token_missing',
    }),
  ),
  {
    what: 'a header of 1 MB',
    lines: () => [`Authorization: Bearer ${'a'.repeat(MEGABYTE)}`],
    status: 431,
    reason: 'node',
  },
]

/** Folded header lines (obs-fold, RFC 9112 section 5.2), which Node refuses and its lenient parser accepts. */
const FOLDED: readonly Pick<Hostile, 'what' | 'lines'>[] = [
  {
    what: 'a valid header twice, folded in between',
    lines: (token) => [`Authorization: Bearer ${token}`, ' ', `Authorization: Bearer ${token}`],
  },
  {
    what: 'a token folded with spaces',
    lines: (token) => [`Authorization: Bearer ${token.slice(0, 40)}`, `    ${token.slice(40)}`],
  },
  {
    what: 'a token folded with a tab',
    lines: (token) => [`Authorization: Bearer ${token.slice(0, 40)}`, `\t${token.slice(40)}`],
  },
  {
    what: 'a second token folded onto the first',
    lines: (token) => [`Authorization: Bearer ${token}`, ` , Bearer ${token}`],
  },
]

const ACCEPTED: readonly { readonly what: string; readonly line: (token: string) => string }[] = [
  { what: 'the scheme in lower case', line: (token) => `authorization: bearer ${token}` },
  { what: 'the scheme in upper case', line: (token) => `AUTHORIZATION: BEARER ${token}` },
  { what: 'several spaces after the scheme', line: (token) => `Authorization: Bearer     ${token}` },
  { what: 'white space around the value', line: (token) => `Authorization:  \t Bearer ${token} \t ` },
]

describe.each(APPLICATIONS)('$name', ({ make }) => {
  let running: Running
  beforeAll(async () => {
    running = await serve(make, verifier)
  })
  afterAll(() => running.close())

  test.each(HOSTILE)('$what: $status, $reason, no call, and the next request passes', async (hostile) => {
    const token = issuer.mintJwt()
    issuer.resetCalls()
    events.length = 0
    const before = running.handled()
    expect(await ask(running.port, request(...hostile.lines(token)))).toBe(hostile.status)
    expect(events.map(({ reason }) => reason)).toEqual(hostile.reason === 'node' ? [] : [hostile.reason])
    expect(running.handled()).toBe(before)
    expect(issuer.calls.total).toBe(0)
    expect(await ask(running.port, request(`Authorization: Bearer ${token}`))).toBe(200)
  })

  test.each(FOLDED)('$what: 400 by Node, and by the guard if Node accepts it', async ({ lines }) => {
    const token = issuer.mintJwt()
    events.length = 0
    expect(await ask(running.port, request(...lines(token)))).toBe(400)
    expect(events).toEqual([])
    const lenient = await serve(make, verifier, { insecureHTTPParser: true })
    try {
      expect(await ask(lenient.port, request(...lines(token)))).toBe(400)
      expect(events.map(({ reason }) => reason)).toEqual(['token_malformed'])
      expect(lenient.handled()).toBe(0)
      expect(await ask(lenient.port, request(`Authorization: Bearer ${token}`))).toBe(200)
    } finally {
      await lenient.close()
    }
  })

  test.each(ACCEPTED)('$what is accepted', async ({ line }) => {
    expect(await ask(running.port, request(line(issuer.mintJwt())))).toBe(200)
  })

  test('if the server accepts headers of 2 MB, a token of 1 MB is refused unparsed and the next request passes', async () => {
    const wide = await serve(make, verifier, { maxHeaderSize: 2 * MEGABYTE })
    try {
      for (const character of ['a', '.', '=', '"']) {
        events.length = 0
        const status = await ask(wide.port, request(`Authorization: Bearer ${character.repeat(MEGABYTE)}`))
        expect([400, 401]).toContain(status)
        expect(events.map(({ reason }) => reason)).toEqual([
          status === 401 ? 'token_too_large' : 'token_malformed',
        ])
      }
      expect(await ask(wide.port, request(`Authorization: Bearer ${issuer.mintJwt()}`))).toBe(200)
    } finally {
      await wide.close()
    }
  })
})
