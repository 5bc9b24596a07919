import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSigningKey, signJwt, type SigningKey } from '../../src/testing/state/signing-keys.js'
import type { FaultHandler } from '../../src/testing/index.js'
import { selfSigned } from '../../test/support/certificate.js'

export const AUDIENCE = 'https://api.test'

/** Made once: an RSA key takes a noticeable time, and every package here understands RS256. */
export const [oldKey, newKey] = ['old', 'new'].map((kid) => createSigningKey(kid, 'RS256', {})) as [
  SigningKey,
  SigningKey,
]

const DAY = 86_400_000
const certificate = selfSigned('localhost', new Date(Date.now() - DAY), new Date(Date.now() + DAY))

/** An issuer reduced to its keys, that misbehaves on demand and counts. */
export interface KeyServer {
  readonly issuer: string
  readonly jwksUri: string
  /** The same keys over TLS, for a package that knows nothing else, and the certificate to trust. */
  readonly secureJwksUri: string
  readonly ca: string
  /** Calls for the keys since the last reset. */
  readonly calls: () => number
  readonly resetCalls: () => void
  readonly publish: (...keys: readonly SigningKey[]) => void
  readonly good: () => string
  readonly behave: (fault: FaultHandler | undefined) => void
  readonly close: () => void
}

export async function startKeyServer(): Promise<KeyServer> {
  let published: readonly SigningKey[] = [oldKey]
  let fault: FaultHandler | undefined
  let calls = 0
  const good = (): string => JSON.stringify({ keys: published.map(({ jwk }) => jwk) })
  const listener: RequestListener = (request, response) => {
    calls += 1
    // Whoever follows a redirect gets the keys, or following could not be told from failing.
    if (fault === undefined || request.url?.includes('redirected') === true) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(good())
    } else {
      fault(request, response)
    }
  }
  const servers = [createServer(listener), createSecureServer(certificate, listener)] as const
  const [port, securePort] = await Promise.all(servers.map(listen))
  const issuer = `http://127.0.0.1:${port}`
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    secureJwksUri: `https://localhost:${securePort}/jwks`,
    ca: certificate.cert,
    calls: () => calls,
    resetCalls() {
      calls = 0
    },
    publish(...keys) {
      published = keys
    },
    good,
    behave(how) {
      fault = how
    },
    close() {
      for (const server of servers) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

async function listen(server: Pick<Server, 'listen' | 'address'>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A token of this issuer; each is another, so that nobody's memory of a token answers for its keys. */
export function mint(issuer: string, key: SigningKey): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: issuer,
    aud: AUDIENCE,
    sub: 'billing',
    client_id: 'billing',
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 3600,
  }
  return signJwt(key, { alg: 'RS256', typ: 'at+jwt', kid: key.kid }, claims)
}

/** A token that names a key nobody has, at no cost. */
export function madeUp(issuer: string): string {
  const [, claims = ''] = mint(issuer, oldKey).split('.')
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: crypto.randomUUID() }))
  return `${header.toString('base64url')}.${claims}.${'A'.repeat(342)}`
}
