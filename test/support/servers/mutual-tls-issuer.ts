import { X509Certificate } from 'node:crypto'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { vi } from 'vitest'
import type { AtEnd } from '../at-end.js'
import { selfSigned, type SelfSigned } from './certificate.js'
import { close, listen } from './servers.js'

const DAY = 24 * 3600 * 1000
const made = (name: string): SelfSigned =>
  selfSigned(name, new Date(Date.now() - DAY), new Date(Date.now() + 30 * DAY))

/** A certified authorization server: discovery over plain http, the aliases over TLS with client certificates. */
export interface MutualTlsIssuer {
  readonly issuer: string
  /** URL of the server that requests client certificates. */
  readonly mutual: string
  /** The requests, each with the digest of the certificate of its connection. */
  readonly seen: { readonly path: string; readonly certificate: string | undefined }[]
  readonly server: SelfSigned
  /** Registered certificates of its clients. */
  readonly current: SelfSigned
  readonly renewed: SelfSigned
  /** A certificate that is not registered. */
  readonly strange: SelfSigned
}

/** Its clients: `by CA`, `self-signed`, and `bound` with the secret `hunter2`. */
export async function startMutualTlsIssuer(atEnd: AtEnd): Promise<MutualTlsIssuer> {
  const [server, current, renewed, strange] = [made('localhost'), made('billing'), made('billing'), made('x')]
  const plain = createPlainServer()
  const tls = createServer({
    ...server,
    requestCert: true,
    rejectUnauthorized: false,
    ca: [current.cert, renewed.cert],
  })
  const issuer = `http://127.0.0.1:${await listen(plain)}`
  const mutual = `https://localhost:${await listen(tls)}`
  atEnd(() => close(plain))
  atEnd(() => close(tls))
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const { Provider } = await import('oidc-provider')
  const callback = new Provider(issuer, configuration(mutual, [current, renewed])).callback()
  warn.mockRestore()
  const seen: MutualTlsIssuer['seen'] = []
  for (const one of [plain, tls]) {
    one.on('request', (request, response) => {
      const path = new URL(request.url ?? '', issuer).pathname
      const socket = request.socket as Partial<TLSSocket>
      seen.push({ path, certificate: socket.getPeerX509Certificate?.()?.fingerprint256 })
      callback(request, response)
    })
  }
  return { issuer, mutual, seen, server, current, renewed, strange }
}

const socketOf = (context: unknown): TLSSocket => (context as { readonly socket: TLSSocket }).socket
const pemOf = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.toString()

export const digestOf = ({ cert }: SelfSigned): string => new X509Certificate(cert).fingerprint256

function configuration(
  mutual: string,
  certificates: readonly SelfSigned[],
): Readonly<Record<string, unknown>> {
  const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }
  const keys = certificates.map(({ cert }) => {
    const certificate = new X509Certificate(cert)
    return { ...certificate.publicKey.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] }
  })
  return {
    clients: [
      {
        ...client,
        client_id: 'by CA',
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_san_dns: 'billing',
      },
      {
        ...client,
        client_id: 'self-signed',
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys },
      },
      {
        ...client,
        client_id: 'bound',
        client_secret: 'hunter2',
        tls_client_certificate_bound_access_tokens: true,
      },
    ],
    clientAuthMethods: ['client_secret_basic', 'tls_client_auth', 'self_signed_tls_client_auth'],
    discovery: {
      mtls_endpoint_aliases: {
        token_endpoint: `${mutual}/token`,
        introspection_endpoint: `${mutual}/token/introspection`,
        revocation_endpoint: `${mutual}/token/revocation`,
      },
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      mTLS: {
        enabled: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        certificateBoundAccessTokens: true,
        getCertificate: (context: unknown) => pemOf(socketOf(context)),
        certificateAuthorized: (context: unknown) => socketOf(context).authorized,
        certificateSubjectMatches: (context: unknown, _: string, expected: string) =>
          socketOf(context).getPeerX509Certificate()?.subjectAltName === `DNS:${expected}`,
      },
    },
    scopes: ['orders:read'],
    ttl: { ClientCredentials: 600 },
    cookies: { keys: ['unused'] },
  }
}
