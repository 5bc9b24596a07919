import { createPublicKey, generateKeyPairSync, type ED25519KeyPairOptions } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { IntrospectionOptions, OAuthOptions } from '../../../src/index.js'
import { createInstance, type Client, type Instance, type Resource } from './instance.js'

/** The API. */
export const ORDERS = 'https://orders.test'

/** How long the API's tokens live, in seconds. */
export const ORDERS_LIFETIME = 600

/** Another API, whose tokens outlive the key that signed them. */
export const INVOICES = 'https://invoices.test'

const RESOURCES: readonly Resource[] = [
  { identifier: ORDERS, accessTokenTtl: ORDERS_LIFETIME },
  { identifier: INVOICES },
]

// Exporting a JWK from a key pair that was just generated can deadlock Node 20, so the pair is PEM.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

type KeyIntrospection = Extract<IntrospectionOptions, { readonly authentication: 'private_key_jwt' }>

interface TokenRequest {
  readonly scope?: string
  readonly resource?: string
}

export interface AuthorizationServer {
  readonly issuer: string
  readonly clientId: string
  /** Options of `oauth` for the API, which configures the issuer's URL and discovers the rest. */
  readonly oauth: () => OAuthOptions & { readonly introspection: Client }
  /** Introspection by a client that authenticates with a key. The server requires the endpoint as `aud`. */
  readonly introspectionByKey: KeyIntrospection
  /** A token by the client credentials grant. */
  readonly obtain: (request?: TokenRequest) => Promise<string>
  /** The response of the revocation endpoint. */
  readonly revoke: (token: string) => Promise<Response>
  /** Disables the calling client, or enables it again. */
  readonly setCallerDisabled: (isDisabled: boolean) => Promise<void>
}

export interface RunningServers {
  readonly jwt: AuthorizationServer
  readonly opaque: AuthorizationServer
  /** The requests that came in, as method and path. */
  readonly requests: string[]
  readonly close: () => Promise<void>
}

/**
 * Starts the server on loopback with two instances, `/jwt` and `/opaque`, because an instance issues either JWTs or opaque
 * tokens to machines.
 */
export async function startServers(): Promise<RunningServers> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM })
  const registrations = {
    resources: RESOURCES,
    publicKey: { ...createPublicKey(publicKey).export({ format: 'jwk' }), kid: 'orders' },
  }
  const instances = {
    jwt: await createInstance(origin, 'jwt', registrations),
    opaque: await createInstance(origin, 'opaque', registrations),
  }
  const requests: string[] = []
  server.on('request', (request: IncomingMessage, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const kind = request.url?.includes('/opaque') ? 'opaque' : 'jwt'
    void instances[kind].handle(request, response)
  })
  return {
    jwt: serverOf(instances.jwt, privateKey),
    opaque: serverOf(instances.opaque, privateKey),
    requests,
    close: () => close(server),
  }
}

function serverOf(instance: Instance, privateKey: string): AuthorizationServer {
  const { issuer, caller, api, keyClientId, setCallerDisabled } = instance
  const post = (path: string, form: Readonly<Record<string, string>>): Promise<Response> =>
    fetch(`${issuer}/oauth2/${path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${caller.clientId}:${caller.clientSecret}`)}` },
      body: new URLSearchParams(form),
    })
  return {
    issuer,
    clientId: caller.clientId,
    oauth: () => ({ issuer, audience: ORDERS, introspection: api }),
    introspectionByKey: {
      authentication: 'private_key_jwt',
      clientId: keyClientId,
      privateKey,
      keyId: 'orders',
      assertionAudience: `${issuer}/oauth2/introspect`,
    },
    async obtain({ scope = 'orders:read', resource = ORDERS } = {}) {
      const response = await post('token', { grant_type: 'client_credentials', scope, resource })
      const body = (await response.json()) as { readonly access_token?: string }
      if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`)
      return body.access_token
    },
    revoke: (token) => post('revoke', { token }),
    setCallerDisabled,
  }
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}
