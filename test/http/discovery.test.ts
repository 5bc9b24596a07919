import type { IncomingMessage } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tokenSource } from '../../src/client/index.js'
import { createVerifier, oauth } from '../../src/index.js'
import { oauthTokens } from '../../src/management/index.js'
import type { FaultHandler } from '../../src/testing/index.js'
import { passDeadlines, runningDeadlines } from '../support/setup/deadlines.js'
import { gzipBomb, htmlPage, redirect, says, saysJson } from '../support/servers/misbehaviours.js'
import { answerTo } from '../support/outcomes.js'
import { serve } from '../support/servers/servers.js'
import { testBed, type TestBed } from '../support/test-bed.js'
import { until } from '../support/until.js'

const FIRST = '/.well-known/openid-configuration'
const SECOND = '/.well-known/oauth-authorization-server'

/** Issuer whose discovery document is at the second URL. */
interface MovedIssuer {
  readonly url: string
  /** Paths of all requests for the document. */
  readonly asked: readonly string[]
}

async function movedIssuer({ issuer }: TestBed, atFirst: FaultHandler): Promise<MovedIssuer> {
  const asked: string[] = []
  const document = (request: IncomingMessage): unknown => ({
    issuer: `http://${request.headers.host!}`,
    jwks_uri: `${issuer.url}/jwks`,
    token_endpoint: `${issuer.url}/token`,
    introspection_endpoint: `${issuer.url}/introspect`,
  })
  const url = await serve((request, response) => {
    asked.push(request.url!)
    if (request.url === SECOND) saysJson(200, document(request))(request, response)
    else atFirst(request, response)
  })
  return { url, asked }
}

function credentials({ client: { clientId, clientSecret } }: TestBed['issuer']): {
  readonly clientId: string
  readonly clientSecret: string
} {
  return { clientId, clientSecret }
}

/** Users of discovery. Each resolves if the document had what it needs. */
const users: readonly (readonly [string, (bed: TestBed, url: string) => Promise<unknown>])[] = [
  [
    'a verifier',
    async ({ issuer, clock, jwt }, url) => {
      const verifier = createVerifier({ issuers: [oauth({ issuer: url, audience: issuer.audience })], clock })
      onTestFinished(() => verifier.close())
      const { reason } = await answerTo(verifier, jwt({ claims: { iss: url } }))
      if (reason !== 'accepted') throw new Error(reason)
    },
  ],
  [
    'a token source',
    async ({ issuer, clock }, url) => {
      const source = tokenSource({ issuer: url, ...credentials(issuer), clock })
      onTestFinished(() => source.close())
      await source.getToken()
    },
  ],
  [
    'a management client',
    ({ issuer }, url) => oauthTokens({ issuer: url, ...credentials(issuer) }).introspect({ token: 'x' }),
  ],
]

const noDocument: readonly (readonly [string, FaultHandler])[] = [
  ['an HTML page', htmlPage],
  ['a redirect', redirect('https://login.example', 302)],
  ['a permanent redirect', redirect('https://login.example', 301)],
  ['half of a JSON object', says(200, '{"issuer":')],
  ['an empty body', says(200)],
  ['a list', says(200, '[]')],
  ['null', says(200, 'null')],
  ['JSON without an issuer', saysJson(200, { error: 'not_found' })],
  ['204', says(204)],
  ['400', saysJson(400, {})],
  ['401', saysJson(401, {})],
  ['403', saysJson(403, {})],
  ['404', saysJson(404, {})],
  ['410', saysJson(410, {})],
  ['bytes that are not UTF-8', says(200, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
  ['a compressed response', gzipBomb()],
]

const temporary: readonly (readonly [string, FaultHandler])[] = [
  ['408', saysJson(408, {})],
  ['429', saysJson(429, {}, { 'retry-after': '7' })],
  ['500', saysJson(500, {})],
  ['503 with Retry-After', saysJson(503, {}, { 'retry-after': '7' })],
]

describe.each(users)('%s', (_, use) => {
  it.each(noDocument)(
    'finds the document at the second address after %s at the first',
    async (__, answer) => {
      const bed = await testBed()
      const { url, asked } = await movedIssuer(bed, answer)
      await use(bed, url)
      expect(asked).toEqual([FIRST, SECOND])
    },
  )

  it.each(temporary)('does not request the second URL after %s at the first', async (__, answer) => {
    const bed = await testBed()
    const { url, asked } = await movedIssuer(bed, answer)
    await expect(use(bed, url)).rejects.toThrow()
    expect(asked).toEqual([FIRST])
  })

  it('does not use the document of another issuer, whatever the second URL has', async () => {
    const bed = await testBed()
    const { url, asked } = await movedIssuer(bed, saysJson(200, { issuer: 'https://elsewhere.example' }))
    await expect(use(bed, url)).rejects.toThrow()
    expect(asked).toEqual([FIRST])
  })
})

it('both URLs share one deadline', async () => {
  const bed = await testBed()
  const { url, asked } = await movedIssuer(bed, (request, response) => {
    passDeadlines(2)
    htmlPage(request, response)
  })
  const deadlines: number[] = []
  const own = createVerifier({
    issuers: [
      oauth({
        issuer: url,
        audience: bed.issuer.audience,
        fetch: (input, init) => {
          deadlines.push(Math.max(...runningDeadlines()))
          return fetch(input, init)
        },
      }),
    ],
  })
  onTestFinished(() => own.close())
  await own.ready()
  await until(() => asked.length === 2)
  // Discovery at both URLs, then the keys with a separate deadline.
  expect(deadlines.map((seconds) => Math.round(seconds * 10) / 10)).toEqual([3, 1, 3])
})

it('if neither URL has a document, the error describes the response that is not a 404', async () => {
  const url = await serve((request, response) => {
    if (request.url === FIRST) htmlPage(request, response)
    else says(404)(request, response)
  })
  const verifier = createVerifier({ issuers: [oauth({ issuer: url, audience: null })] })
  onTestFinished(() => verifier.close())
  await expect(verifier.ready()).rejects.toThrow(`the response of ${url}${FIRST} is not a JSON object`)
})
