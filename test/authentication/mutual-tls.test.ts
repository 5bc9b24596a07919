import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import {
  certificateFiles,
  tokenSource,
  type TokenSource,
  type AnyTokenSourceOptions,
  type TokenSourceOptions,
} from '../../src/client/index.js'
import { oauthTokens } from '../../src/management/index.js'
import type { SelfSigned } from '../support/servers/certificate.js'
import { failureOf } from '../support/outcomes.js'
import { digestOf, startMutualTlsIssuer, type MutualTlsIssuer } from '../support/servers/mutual-tls-issuer.js'

let running: MutualTlsIssuer
let issuer: string

const cleanups: (() => void | Promise<void>)[] = []

beforeAll(async () => {
  running = await startMutualTlsIssuer((cleanup) => cleanups.push(cleanup))
  issuer = running.issuer
})

afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

const given = ({ cert, key }: SelfSigned) => ({ cert, key, ca: running.server.cert })

function source(options: Partial<AnyTokenSourceOptions>): TokenSource {
  const tokens = tokenSource({ issuer, ...options } as TokenSourceOptions)
  onTestFinished(() => tokens.close())
  running.seen.length = 0
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
      const tokens = source({ clientId, authentication, clientCertificate: given(running.current) })
      expect(await tokens.getToken()).toBeTypeOf('string')
      expect(running.seen.at(-1)).toEqual({ path: '/token', certificate: digestOf(running.current) })
    },
  )

  it.each(METHODS)(
    '%s with a certificate that is not registered is credentials_refused',
    async (method, clientId) => {
      const tokens = source({ clientId, authentication: method, clientCertificate: given(running.strange) })
      const error = await failureOf(tokens.getToken())
      expect(error).toMatchObject({ reason: 'credentials_refused', status: 401 })
      expect(error.message).not.toContain('PRIVATE KEY')
    },
  )

  it('a secret over a connection with a certificate obtains a token that is bound to the certificate', async () => {
    const client = { clientId: 'bound', clientSecret: 'hunter2', clientCertificate: given(running.current) }
    const token = await source(client).getToken()
    const tokens = oauthTokens({ issuer, ...client })
    const thumbprint = Buffer.from(digestOf(running.current).replaceAll(':', ''), 'hex').toString('base64url')
    expect(await tokens.introspect({ token })).toMatchObject({
      active: true,
      claims: { cnf: { 'x5t#S256': thumbprint } },
    })
  })

  it('authenticates introspection of a verifier and oauthTokens at their aliases', async () => {
    const client = {
      clientId: 'by CA',
      authentication: 'tls_client_auth',
      clientCertificate: () => Promise.resolve(given(running.current)),
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
    const calls = running.seen.filter(({ path }) => path.startsWith('/token/'))
    expect(calls.map(({ path }) => path)).toEqual([
      '/token/introspection',
      '/token/revocation',
      '/token/introspection',
    ])
    expect(new Set(calls.map(({ certificate }) => certificate))).toEqual(new Set([digestOf(running.current)]))
  })

  it('discovery of an issuer with a private CA uses the CA of clientCertificate', async () => {
    const client = {
      clientId: 'by CA',
      authentication: 'tls_client_auth',
      clientCertificate: given(running.current),
    } as const
    // The document names the issuer over plain http, so it is refused, but it was read.
    const error = await failureOf(source({ ...client, issuer: running.mutual }).getToken())
    expect(error.message).toContain('issuer')
    expect(running.seen[0]).toEqual({
      path: '/.well-known/openid-configuration',
      certificate: digestOf(running.current),
    })
  })
})

/** Certificate and key in two files, as cert-manager writes them. */
function files(): { readonly paths: { readonly cert: string; readonly key: string; readonly ca: string } } & {
  readonly write: (name: 'cert' | 'key', of: SelfSigned) => void
} {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const paths = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), ca: join(folder, 'ca.crt') }
  writeFileSync(paths.ca, running.server.cert)
  return { paths, write: (name, of) => writeFileSync(paths[name], of[name]) }
}

describe('certificateFiles', () => {
  it('uses renewed files for the next request, and the previous pair while only one file is renewed', async () => {
    const { paths, write } = files()
    write('cert', running.current)
    write('key', running.current)
    const tokens = source({
      clientId: 'self-signed',
      authentication: 'self_signed_tls_client_auth',
      clientCertificate: certificateFiles(paths),
    })
    const obtain = async (audience: string): Promise<string | undefined> => {
      await tokens.getToken({ audience })
      return running.seen.at(-1)?.certificate
    }
    expect(await obtain('a')).toBe(digestOf(running.current))
    write('cert', running.renewed)
    expect(await obtain('b')).toBe(digestOf(running.current))
    write('key', running.renewed)
    expect(await obtain('c')).toBe(digestOf(running.renewed))
  })

  it.each<[string, (by: ReturnType<typeof files>) => void, RegExp]>([
    ['is missing', () => undefined, /certificateFiles: cannot read/],
    [
      'belongs to another certificate',
      ({ write }) => {
        write('cert', running.current)
        write('key', running.strange)
      },
      /clientCertificate\.key: does not belong to the certificate/,
    ],
    [
      'is not a key',
      ({ write, paths }) => {
        write('cert', running.current)
        writeFileSync(paths.key, running.current.cert)
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
    expect(running.seen).toEqual([])
  })
})
