import type { TestIssuer, TestIssuerOptions } from '../../src/testing/index.js'
import { START } from '../support/clock.js'
import { startIssuer } from '../support/test-bed.js'

/** The second all of these tests happen in. */
export const NOW = START / 1000

/** A test issuer at {@link NOW}, gone when the test is. */
export function issuerAtNow(options: Omit<TestIssuerOptions, 'clock'> = {}): Promise<TestIssuer> {
  return startIssuer({ ...options, clock: () => START })
}

export interface DecodedJwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** What a JWT says, believed as it stands. */
export function decode(token: string): DecodedJwt {
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>)
  return { header: header!, claims: claims! }
}

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly json: Readonly<Record<string, unknown>>
}

export interface Question {
  readonly form?: Readonly<Record<string, string>> | URLSearchParams
  readonly json?: unknown
  readonly text?: string
  readonly bearer?: string
  readonly basic?: readonly [id: string, secret: string]
  readonly method?: string
}

/** Asks an endpoint: with a body by POST, else by GET. */
export async function ask(url: string, question: Question = {}): Promise<Asked> {
  const { form, json, text, bearer, basic, method } = question
  const headers = new Headers()
  if (bearer !== undefined) headers.set('authorization', `Bearer ${bearer}`)
  if (basic !== undefined) {
    headers.set('authorization', `Basic ${Buffer.from(basic.join(':')).toString('base64')}`)
  }
  if (json !== undefined) headers.set('content-type', 'application/json')
  const body =
    form === undefined ? (json === undefined ? text : JSON.stringify(json)) : new URLSearchParams(form)
  const init = { headers, method: method ?? (body === undefined ? 'GET' : 'POST') }
  const response = await fetch(url, body === undefined ? init : { ...init, body })
  const answer = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    json: answer === '' ? {} : (JSON.parse(answer) as Record<string, unknown>),
  }
}
