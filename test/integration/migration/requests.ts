import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { request as send } from 'node:http'
import type { MintJwtOptions, TestIssuer } from '../../../src/testing/index.js'
import { encode, keyOf, mac, seal } from '../../support/tokens/forge.js'
import { decode } from '../../support/tokens/jwt.js'

/** What a caller sends; the header lines in order, so that one can be there twice. */
export interface SentRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: readonly (readonly [name: string, value: string])[]
}

/** What the caller gets back. */
export interface Answer {
  readonly status: number
  /** The media type without parameters; undefined for a response without a body. */
  readonly type: string | undefined
  readonly challenge: string | undefined
  readonly cacheControl: string | undefined
}

const bearer = (token: string, path = '/orders'): SentRequest => ({
  path,
  headers: [['authorization', `Bearer ${token}`]],
})

/** A request of a client that may read orders, by its name in the tables of the pages. */
export const VALID = 'valid token'

/** Every request of the tables, in their order, with tokens of one issuer. The real time is far from every limit. */
export function requestsTo(issuer: TestIssuer): ReadonlyMap<string, SentRequest> {
  const mint = (options?: MintJwtOptions): string =>
    issuer.mintJwt({ clientId: 'billing', scopes: 'orders:read', ...options })
  const valid = mint()
  const { header, claims } = decode(valid)
  const jwk = issuer.jwks().keys.find(({ kid }) => kid === header['kid'])
  const publicPem = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  })
  const [line] = bearer(valid).headers!
  return new Map<string, SentRequest>([
    [VALID, bearer(valid)],
    ['no token', {}],
    ['another scheme (`Basic`)', { headers: [['authorization', 'Basic YTpi']] }],
    ['`Bearer` and two words', { headers: [['authorization', 'Bearer two words']] }],
    ['token that is not a JWT', bearer('not-a-jwt')],
    ['expired', bearer(mint({ age: '50m', expiresIn: '-10m' }))],
    ['wrong audience', bearer(mint({ audience: 'https://invoices.internal' }))],
    ['wrong issuer', bearer(mint({ claims: { iss: 'https://other.example.com' } }))],
    ['`alg` is `none`', bearer(`${encode({ ...header, alg: 'none' })}.${encode(claims)}.`)],
    ['HS256 with the public key as secret', bearer(mac(256, publicPem, { kid: header['kid'] }, claims))],
    ['signed with another key', bearer(seal(keyOf('RS256'), header, claims))],
    ['unknown `kid`', bearer(mint({ header: { kid: 'unknown' } }))],
    ['no `exp`', bearer(mint({ expiresIn: null }))],
    ['no `iat`', bearer(mint({ claims: { iat: undefined } }))],
    ['issued two hours ago', bearer(mint({ age: '2h' }))],
    ['missing scope', bearer(mint({ scopes: 'orders:write' }))],
    ['ID token (`nonce`)', bearer(mint({ claims: { nonce: 'n-1' } }))],
    ['two `Authorization` headers', { headers: [line!, line!] }],
    ['token in the query', { path: `/orders?access_token=${valid}` }],
    ['token in a cookie', { headers: [['cookie', `access_token=${valid}`]] }],
    [
      'CORS preflight',
      {
        method: 'OPTIONS',
        headers: [
          ['origin', 'https://console.example.com'],
          ['access-control-request-method', 'GET'],
          ['access-control-request-headers', 'authorization'],
        ],
      },
    ],
  ])
}

/** Sends a request on a connection of its own. */
export function answerOf(
  url: string,
  { method = 'GET', path = '/orders', headers = [] }: SentRequest,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const lines = [...headers, ['host', new URL(url).host] as const].flat()
    send(url + path, { method, headers: lines, agent: false }, (response) => {
      response.resume()
      response.once('error', reject)
      response.once('end', () => {
        const {
          'content-type': type,
          'www-authenticate': challenge,
          'cache-control': cacheControl,
        } = response.headers
        resolve({ status: response.statusCode!, type: type?.replace(/;.*$/, ''), challenge, cacheControl })
      })
    })
      .once('error', reject)
      .end()
  })
}
