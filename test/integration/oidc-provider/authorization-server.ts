import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ResourceServer } from 'oidc-provider'
import { vi } from 'vitest'
import type { OAuthOptions } from '../../../src/index.js'
import { ecKey, edKey, rsaKey } from './keys.js'

/** How the API's tokens are to look: signed with an algorithm, or opaque. */
export const KINDS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'opaque'] as const

export type Kind = (typeof KINDS)[number]

export const JWT_KINDS = KINDS.filter((kind) => kind !== 'opaque')

/** How long every token lives, in seconds. */
export const LIFETIME = 600

/** The API as the authorization server knows it: one resource per kind of token. */
export function resource(kind: Kind, name = 'orders'): string {
  return `https://${name}.test/${kind}`
}

interface WantedToken {
  readonly kind: Kind
  readonly scope?: string
  /** The resource the token is for. Default: the API, `orders`. */
  readonly name?: string
}

export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  /** Options of `oauth` for the API, which configures the issuer's URL and discovers the rest. */
  readonly oauth: (kind: Kind) => OAuthOptions
  /** A token by the client credentials grant. */
  readonly obtain: (wanted: WantedToken) => Promise<string>
  /** The response of the revocation endpoint. */
  readonly revoke: (token: string) => Promise<Response>
  /** The requests that came in, as method and path. */
  readonly requests: string[]
  readonly close: () => Promise<void>
}

interface Client {
  readonly id: string
  readonly secret: string
}

/** Further clients of the API: one that authenticates with its key, one in the form, one not at all. */
export const CLIENT_KEY = ecKey('orders')
export const KEY_CLIENT = 'orders by key'
export const POST_CLIENT: Client = { id: 'orders by form', secret: 'another: 100% secret & more' }
export const ANONYMOUS_CLIENT = 'orders without credentials'

/** Claims that the server adds to every token, as a tenant or a mapper would. */
export const EXTRA_CLAIMS = { machine: 'billing-1', access: { roles: ['refunds:read'] } }

// What a form encodes: credentials are to arrive whole whatever they are made of.
const CALLER: Client = { id: 'billing', secret: 'caller: 100% + a secret & more' }
const API: Client = { id: 'orders:api/1', secret: 'api: 100% + a secret & more' }

/** Starts a certified third-party authorization server. */
export async function startAuthorizationServer(): Promise<AuthorizationServer> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const requests: string[] = []
  const answer = await createAnswerer(issuer)
  server.on('request', (request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    answer(request, response)
  })
  const endpoints = await discover(issuer)
  requests.length = 0
  return {
    issuer,
    clientId: CALLER.id,
    oauth: (kind) => ({
      issuer,
      audience: resource(kind),
      introspection: { clientId: API.id, clientSecret: API.secret },
    }),
    async obtain({ kind, scope = 'orders:read', name }) {
      const form = { grant_type: 'client_credentials', scope, resource: resource(kind, name) }
      const response = await post(endpoints.token_endpoint, form)
      const body = (await response.json()) as { readonly access_token?: string }
      if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`)
      return body.access_token
    },
    revoke: (token) => post(endpoints.revocation_endpoint, { token }),
    requests,
    close: () => close(server),
  }
}

/** It warns that it wants a newer Node and a database: both are known. */
async function createAnswerer(issuer: string): Promise<RequestListener> {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const { Provider } = await import('oidc-provider')
  const provider = new Provider(issuer, configuration())
  warn.mockRestore()
  return provider.callback()
}

function configuration(): Readonly<Record<string, unknown>> {
  const client = ({ id, secret }: Partial<Client>): Readonly<Record<string, unknown>> => ({
    client_id: id,
    ...(secret === undefined ? {} : { client_secret: secret }),
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })
  return {
    clients: [
      client(CALLER),
      client(API),
      { ...client(POST_CLIENT), token_endpoint_auth_method: 'client_secret_post' },
      {
        ...client({ id: KEY_CLIENT }),
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [publicPartOf(CLIENT_KEY)] },
      },
      { ...client({ id: ANONYMOUS_CLIENT }), token_endpoint_auth_method: 'none', grant_types: [] },
    ],
    extraTokenClaims: () => EXTRA_CLAIMS,
    jwks: { keys: [rsaKey('for RS256 and PS256'), ecKey(), edKey()] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, identifier: string) => resourceServer(identifier),
      },
    },
    scopes: ['orders:read', 'orders:write'],
    ttl: { ClientCredentials: LIFETIME },
    cookies: { keys: ['unused'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'] },
  }
}

function publicPartOf({ d: _, ...jwk }: Readonly<Record<string, unknown>>): object {
  return jwk
}

function resourceServer(identifier: string): ResourceServer {
  const kind = new URL(identifier).pathname.slice(1)
  return {
    scope: 'orders:read orders:write',
    audience: identifier,
    accessTokenTTL: LIFETIME,
    ...(kind === 'opaque'
      ? { accessTokenFormat: 'opaque' }
      : { accessTokenFormat: 'jwt', jwt: { sign: { alg: kind } } }),
  }
}

interface Endpoints {
  readonly token_endpoint: string
  readonly revocation_endpoint: string
}

async function discover(issuer: string): Promise<Endpoints> {
  const response = await fetch(`${issuer}/.well-known/openid-configuration`)
  return (await response.json()) as Endpoints
}

/** Posts a form as the calling client. */
function post(url: string, form: Readonly<Record<string, string>>): Promise<Response> {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  const credentials = Buffer.from(`${encode(CALLER.id)}:${encode(CALLER.secret)}`).toString('base64')
  const headers = { authorization: `Basic ${credentials}` }
  return fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) })
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}
