import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { runBlock, type Run } from '../docs/programs/run.js'
import { blocksOf, readPaper, sectionOf, type Block } from '../docs/programs/support.js'

export const PAGE = 'docs/guide/verify-and-authorize.md'

/** The program in a section of the page. */
export function recipeOf(title: string, page = PAGE): Block {
  const section = sectionOf(readPaper(page), title)
  const programs = blocksOf(page).filter(({ language, text }) => language === 'ts' && section.includes(text))
  if (programs.length !== 1) throw new Error(`${title}: expected one program, found ${programs.length}`)
  return programs[0]!
}

/** A recipe that is running, and whether its handler has run. */
export interface RunningRecipe extends Run {
  readonly hasHandled: () => boolean
}

/** Runs a recipe. `handler` is an expression that its handler evaluates. */
export async function runRecipe(title: string, handler: string): Promise<RunningRecipe> {
  const block = recipeOf(title)
  expect(block.text.split(handler)).toHaveLength(2)
  const run = await runBlock(block, undefined, { [handler]: `(exports.hasHandled = true, ${handler})` })
  return { ...run, hasHandled: () => run.exports['hasHandled'] === true }
}

const bearer = (token: string): string => `Bearer ${token}`

/** The `Authorization` header of a request that every recipe accepts. */
export function accepted(issuer: TestIssuer): string {
  return bearer(issuer.mintOpaque({ clientId: 'billing', scopes: 'orders:read' }))
}

type Refused = readonly [
  what: string,
  status: number,
  authorization: (issuer: TestIssuer) => readonly string[],
]

const TWO_HEADERS: Refused = [
  'two Authorization headers, each valid',
  400,
  (issuer) => [accepted(issuer), accepted(issuer)],
]

/** Requests that reach a server with one `Authorization` header at most: what it is, and the status of the refusal. */
export const REFUSED_WITH_ONE_HEADER: readonly Refused[] = [
  ['no Authorization header', 401, () => []],
  ['another scheme', 401, () => ['Basic YTpi']],
  ['a malformed header', 400, () => ['Bearer a b']],
  ['an unknown token', 401, () => [bearer('unknown')]],
  [
    'a forged JWT',
    401,
    (issuer) => [bearer(issuer.mintJwt({ scopes: 'orders:read' }).replace(/.{8}$/, 'AAAAAAAA'))],
  ],
  [
    'a token for another API',
    401,
    (issuer) => [bearer(issuer.mintJwt({ scopes: 'orders:read', audience: 'https://other.internal' }))],
  ],
  ['a token without the scope', 403, (issuer) => [bearer(issuer.mintOpaque({ scopes: 'orders:write' }))]],
  [
    'a valid token while the issuer is unavailable',
    503,
    (issuer) => {
      issuer.fail('introspection', 503)
      return [accepted(issuer)]
    },
  ],
]

/** Requests that a recipe must refuse. */
export const REFUSED: readonly Refused[] = [...REFUSED_WITH_ONE_HEADER, TWO_HEADERS]

/** A response, with lower-case header names. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

export interface Sent {
  readonly authorization: readonly string[]
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Sends a request with as many `Authorization` headers as given. */
export async function send(url: string, { authorization, method, headers, body }: Sent): Promise<Answer> {
  const request = httpRequest(url, { method: method ?? 'GET', headers: { ...headers }, agent: false })
  if (authorization.length > 0) request.setHeader('authorization', authorization)
  const responded = new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>(
    (resolve, reject) => {
      request.on('error', reject)
      request.on('response', (response) => {
        text(response).then(
          (received) => resolve({ status: response.statusCode!, headers: response.headers, body: received }),
          reject,
        )
      })
    },
  )
  request.end(body)
  return responded
}

/** Asserts that a response is the refusal with this status, and that it names no reason. */
export function expectRefusal({ status, headers, body }: Answer, expected: number): void {
  expect([status, body]).toEqual([expected, body])
  expect(headers['cache-control']).toBe('no-store')
  if (expected === 503) {
    expect(headers['retry-after']).toMatch(/^\d+$/)
    expect(headers['www-authenticate']).toBeUndefined()
  } else {
    expect(headers['www-authenticate']).toMatch(/^Bearer realm=/)
  }
  expect(body).not.toMatch(/signature|audience_mismatch|token_inactive|m2m-guard/)
}
