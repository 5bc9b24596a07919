import { X509Certificate } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer as createPlainServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import {
  certificateFiles,
  tokenSource,
  type TokenSource,
  type AnyTokenSourceOptions,
  type TokenSourceOptions,
} from '../../src/client/index.js'
import { oauthTokens } from '../../src/management/index.js'
import { selfSigned, type SelfSigned } from '../support/servers/certificate.js'
import { failureOf } from '../support/outcomes.js'
import { listen } from '../support/servers/servers.js'

const DAY = 24 * 3600 * 1000
const made = (name: string): SelfSigned =>
  selfSigned(name, new Date(Date.now() - DAY), new Date(Date.now() + 30 * DAY))
const [SERVER, CURRENT, RENEWED, STRANGE] = [made('localhost'), made('billing'), made('billing'), made('x')]

/** The requests, each with the certificate of its connection. */
const seen: { readonly path: string; readonly certificate: string | undefined }[] = []
let issuer: string
let mutual: string
const servers: (Server | ReturnType<typeof createPlainServer>)[] = []

const socketOf = (context: unknown): TLSSocket => (context as { readonly socket: TLSSocket }).socket
const pemOf = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.toString()
const digestOf = ({ cert }: SelfSigned): string => new X509Certificate(cert).fingerprint256

/** A certified authorization server: discovery over plain http, the aliases over TLS with client certificates. */
beforeAll(async () => {
  const plain = createPlainServer()
  const tls = createServer({
    ...SERVER,
    requestCert: true,
    rejectUnauthorized: false,
    ca: [CURRENT.cert, RENEWED.cert],
  })
  servers.push(plain, tls)
  issuer = `http://127.0.0.1:${await listen(plain)}`
  mutual = `https://localhost:${await listen(tls)}`
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  const { Provider } = await import('oidc-provider')
  const callback = new Provider(issuer, configuration()).callback()
  warn.mockRestore()
  for (const server of servers) {
    server.on('request', (request, response) => {
      const path = new URL(request.url ?? '', issuer).pathname
      const socket = request.socket as Partial<TLSSocket>
      seen.push({ path, certificate: socket.getPeerX509Certificate?.()?.fingerprint256 })
      callback(request, response)
    })
  }
})

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

function configuration(): Readonly<Record<string, unknown>> {
  const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }
  const keys = [CURRENT, RENEWED].map(({ cert }) => {
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

const given = ({ cert, key }: SelfSigned) => ({ cert, key, ca: SERVER.cert })

function source(options: Partial<AnyTokenSourceOptions>): TokenSource {
  const tokens = tokenSource({ issuer, ...options } as TokenSourceOptions)
  onTestFinished(() => tokens.close())
  seen.length = 0
  return tokens
}

const METHODS = [
  ['tls_client_auth', 'by CA'],
  ['self_signed_tls_client_auth', 'self-signed'],
] as const

describe('mutual TLS at a real authorization server', () => {
  it.each(METHODS)(
    '%s obtains tokens at the alias of the token endpoint',
    async (authentication, clientId) => {
      const tokens = source({ clientId, authentication, clientCertificate: given(CURRENT) })
      expect(await tokens.getToken()).toBeTypeOf('string')
      expect(seen.at(-1)).toEqual({ path: '/token', certificate: digestOf(CURRENT) })
    },
  )

  it.each(METHODS)(
    '%s with a certificate that is not registered is credentials_refused',
    async (method, clientId) => {
      const tokens = source({ clientId, authentication: method, clientCertificate: given(STRANGE) })
      const error = await failureOf(tokens.getToken())
      expect(error).toMatchObject({ reason: 'credentials_refused', status: 401 })
      expect(error.message).not.toContain('PRIVATE KEY')
    },
  )

  it('a secret over a connection with a certificate obtains a token that is bound to the certificate', async () => {
    const client = { clientId: 'bound', clientSecret: 'hunter2', clientCertificate: given(CURRENT) }
    const token = await source(client).getToken()
    const tokens = oauthTokens({ issuer, ...client })
    const thumbprint = Buffer.from(digestOf(CURRENT).replaceAll(':', ''), 'hex').toString('base64url')
    expect(await tokens.introspect({ token })).toMatchObject({
      active: true,
      claims: { cnf: { 'x5t#S256': thumbprint } },
    })
  })

  it('authenticates introspection of a verifier and oauthTokens at their aliases', async () => {
    const client = {
      clientId: 'by CA',
      authentication: 'tls_client_auth',
      clientCertificate: () => Promise.resolve(given(CURRENT)),
    } as const
    const token = await source(client).getToken()
    const verifier = createVerifier({
      issuers: [oauth({ issuer, audience: null, keys: false, introspection: client })],
    })
    onTestFinished(() => verifier.close())
    expect(await verifier.verify(token)).toMatchObject({ clientId: 'by CA' })
    const tokens = oauthTokens({ issuer, ...client })
    await tokens.revoke({ token })
    expect(await tokens.introspect({ token })).toMatchObject({ active: false })
    const calls = seen.filter(({ path }) => path.startsWith('/token/'))
    expect(calls.map(({ path }) => path)).toEqual([
      '/token/introspection',
      '/token/revocation',
      '/token/introspection',
    ])
    expect(new Set(calls.map(({ certificate }) => certificate))).toEqual(new Set([digestOf(CURRENT)]))
  })

  it('discovery of an issuer with a private CA uses the CA of clientCertificate', async () => {
    const client = {
      clientId: 'by CA',
      authentication: 'tls_client_auth',
      clientCertificate: given(CURRENT),
    } as const
    // The document names the issuer over plain http, so it is refused, but it was read.
    const error = await failureOf(source({ ...client, issuer: mutual }).getToken())
    expect(error.message).toContain('issuer')
    expect(seen[0]).toEqual({ path: '/.well-known/openid-configuration', certificate: digestOf(CURRENT) })
  })
})

/** Certificate and key in two files, as cert-manager writes them. */
function files(): { readonly paths: { readonly cert: string; readonly key: string; readonly ca: string } } & {
  readonly write: (name: 'cert' | 'key', of: SelfSigned) => void
} {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') }
  writeFileSync(paths.ca, SERVER.cert)
  return { paths, write: (name, of) => writeFileSync(paths[name], of[name]) }
}

describe('certificateFiles', () => {
  it('uses renewed files for the next request, and the previous pair while only one file is renewed', async () => {
    const { paths, write } = files()
    write('cert', CURRENT)
    write('key', CURRENT)
    const tokens = source({
      clientId: 'self-signed',
      authentication: 'self_signed_tls_client_auth',
      clientCertificate: certificateFiles(paths),
    })
    const obtain = async (audience: string): Promise<string | undefined> => {
      await tokens.getToken({ audience })
      return seen.at(-1)?.certificate
    }
    expect(await obtain('a')).toBe(digestOf(CURRENT))
    write('cert', RENEWED)
    expect(await obtain('b')).toBe(digestOf(CURRENT))
    write('key', RENEWED)
    expect(await obtain('c')).toBe(digestOf(RENEWED))
  })

  it.each<[string, (by: ReturnType<typeof files>) => void, RegExp]>([
    ['is missing', () => undefined, /certificateFiles: cannot read/],
    [
      'belongs to another certificate',
      ({ write }) => {
        write('cert', CURRENT)
        write('key', STRANGE)
      },
      /clientCertificate\.key: does not belong to the certificate/,
    ],
    [
      'is not a key',
      ({ write, paths }) => {
        write('cert', CURRENT)
        writeFileSync(paths.key, CURRENT.cert)
      },
      /clientCertificate\.key: must be an unencrypted private key in PEM form/,
    ],
  ])('with a key that %s makes no request', async (_, prepare, message) => {
    const by = files()
    prepare(by)
    const client = { clientId: 'by CA', authentication: 'tls_client_auth' } as const
    const error = await failureOf(
      source({ ...client, clientCertificate: certificateFiles(by.paths) }).getToken(),
    )
    expect(error).toMatchObject({ reason: 'credentials_unavailable' })
    expect(error.message).toMatch(message)
    expect(seen).toEqual([])
  })
})
