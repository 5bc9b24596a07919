import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { memoryRevocations } from '../../../src/index.js'
import { NOW } from '../../support/clock.js'
import { keyOf, seal } from '../../support/tokens/forge.js'
import { serve } from '../../support/servers/servers.js'
import { testBed, type TestBed } from '../../support/test-bed.js'

const KEY = keyOf('ES256', 'sender')

/** A sender of signed messages, whose key set is served on loopback. */
export interface Sender {
  readonly jwksUri: string
  /** Number of requests for the key set. */
  readonly fetches: () => number
  /** Answers requests for the key set with 503. */
  readonly fail: () => void
  readonly sign: (payload: object, header?: object) => string
  /** Signs a payload with a header that are JSON already. */
  readonly signText: (payload: string, header: string) => string
}

export async function startSender(): Promise<Sender> {
  let [fetches, isFailing] = [0, false]
  const keys = [KEY.jwk]
  const url = await serve((_request, response) => {
    fetches += 1
    response.writeHead(isFailing ? 503 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ keys }))
  })
  return {
    jwksUri: `${url}/jwks.json`,
    fetches: () => fetches,
    fail: () => {
      isFailing = true
    },
    sign: (payload, header = {}) => seal(KEY, { alg: 'ES256', kid: KEY.kid, ...header }, payload),
    signText: (payload, header) => seal(KEY, header, payload),
  }
}

/** A verifier with revocations in memory. */
export const bedWithRevocations = (): Promise<TestBed> =>
  testBed({ revocations: memoryRevocations(), mint: { expiresIn: '10h' } })

/** Calls a handler with a POST request. */
export async function post(
  handler: (request: Request) => Promise<Response>,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'POST',
): Promise<{ readonly status: number; readonly json: unknown; readonly headers: Headers }> {
  const hasBody = method === 'POST'
  const response = await handler(
    new Request('http://localhost/', { method, headers, body: hasBody ? body : null }),
  )
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    json: text === '' ? undefined : JSON.parse(text),
  }
}

/** Signing secret of the webhooks of {@link signedWebhook}. */
export const WEBHOOK_SECRET = `whsec_${randomBytes(24).toString('base64')}`

/** Returns the headers of a signed webhook. */
export function signedWebhook(body: string): Readonly<Record<string, string>> {
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(NOW),
    'webhook-signature': new Webhook(WEBHOOK_SECRET).sign('msg_1', new Date(NOW * 1000), body),
  }
}
