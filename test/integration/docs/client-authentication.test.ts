import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestIssuer, type TestClientOptions, type TestIssuer } from 'm2m-guard/testing'
import type { TokenSource } from 'm2m-guard/client'
import { expect, it, onTestFinished } from 'vitest'
import { selfSigned } from '../../support/servers/certificate.js'
import { KMS_KEY } from './programs/create-preamble.js'
import { runBlock } from './programs/run.js'
import { blocksOf } from './programs/support.js'

const blocks = blocksOf('docs/guide/client-authentication.md').filter(({ language }) => language === 'ts')
const { cert, key } = selfSigned('billing', new Date(0), new Date('2049-01-01'))
const pem = (publicKey: ReturnType<typeof createPublicKey>): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString()

/** Client of the test issuer, and the files of the reader, by a string that only the block has. */
const READERS: readonly [
  string,
  string,
  (issuer: TestIssuer) => TestClientOptions,
  Readonly<Record<string, (issuer: TestIssuer) => string>>,
][] = [
  [
    'a secret in a file',
    '/run/secrets/billing',
    () => ({ clientSecret: 'hunter2' }),
    { '/run/secrets/billing': () => 'hunter2\n' },
  ],
  ['a key management service', 'kmsSign', () => ({ publicKey: pem(KMS_KEY.publicKey) }), {}],
  [
    'a key with the thumbprint of its certificate',
    'x5t#S256',
    () => ({ publicKey: pem(new X509Certificate(cert).publicKey) }),
    { '/run/tls/tls.crt': () => cert, '/run/tls/tls.key': () => key },
  ],
  [
    'the token of Kubernetes',
    '/var/run/secrets/tokens/issuer',
    (issuer) => ({
      federated: {
        issuer: 'https://kubernetes.default.svc.cluster.local',
        subject: 'system:serviceaccount:billing:invoices',
        jwks: issuer.jwks('kubernetes'),
      },
    }),
    {
      '/var/run/secrets/tokens/issuer': (issuer) =>
        `${issuer.mintJwt({ preset: 'kubernetes', audience: issuer.url })}\n`,
    },
  ],
]

it.each(READERS)('the example with %s obtains a token', async (_, mark, clientOf, files) => {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  issuer.addClient({ clientId: 'billing', ...clientOf(issuer) })
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const replacements = Object.entries(files).map(([path, contentOf], index) => {
    const copy = join(folder, String(index))
    writeFileSync(copy, contentOf(issuer))
    return [path, copy]
  })
  const block = blocks.find(({ text }) => text.includes(mark))
  const { exports } = await runBlock(
    block!,
    issuer,
    Object.fromEntries(replacements) as Record<string, string>,
  )
  const create = exports['createSource'] as (() => Promise<TokenSource>) | undefined
  const source = create === undefined ? (exports['orders'] as TokenSource) : await create()
  onTestFinished(() => {
    source.close()
  })
  expect(await source.getToken({ resource: issuer.audience })).toBeTypeOf('string')
})
