import { promises as dns } from 'node:dns'
import { readFileSync, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { tokenSource } from '../../../src/client/index.js'
import { createVerifier, oauth } from '../../../src/index.js'
import { oauthTokens } from '../../../src/management/index.js'
import { createTestIssuer } from '../../../src/testing/index.js'
import { startNameServer } from './name-server.js'

// A service whose name server is this process as well; isolation.test.ts starts it in namespaces of its own.

/** Passes only after 20 minutes, because isolation.test.ts loads long-deadlines.ts. In seconds. */
const DEADLINE = 60
/** Far longer than a lookup takes that is not held up, and shorter than one that hangs. In seconds. */
const HELD_UP = 120
const INVALID = 64
const VALID = 20

const [, , folder = ''] = process.argv
const HANGING = ['introspection', 'keys', 'discovery', 'client', 'management'].map(
  (kind) => `hanging-${kind}`,
)
const nameServer = await startNameServer((name) => name.startsWith('hanging-'))
const issuer = await createTestIssuer({ opaquePrefix: 'good_' })
const port = await listenWithTls(issuer.url)
const { clientId, clientSecret } = issuer.client
const client = { clientId, clientSecret }

function at(host: string, path = ''): string {
  return `https://${host}:${port}${path}`
}

function within(host: string, path = ''): string {
  return at(`${host}.idp.test`, path)
}

/** Passes what comes over TLS on to the test issuer, under any name. */
async function listenWithTls(target: string): Promise<number> {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const server = createServer({ key: read('key.pem'), cert: read('cert.pem') }, (socket) => {
    const upstream = connect(Number(new URL(target).port), '127.0.0.1')
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const common = {
  audience: issuer.audience,
  remote: { deadline: DEADLINE },
  keys: { deadline: DEADLINE },
} as const
const metadata = { issuer: within('discovery'), jwks_uri: within('discovery', '/jwks') }
issuer.fail('discovery', { body: metadata })

const verifier = createVerifier({
  issuers: [
    oauth({
      ...common,
      issuer: 'https://hanging-introspection.idp.test',
      jwks: issuer.jwks(),
      introspection: {
        ...client,
        endpoint: within('hanging-introspection', '/introspect'),
        opaquePrefix: 'bad_',
      },
    }),
    oauth({ ...common, issuer: 'https://hanging-keys.idp.test', jwksUri: within('hanging-keys', '/jwks') }),
    oauth({ ...common, issuer: within('hanging-discovery') }),
    oauth({
      ...common,
      issuer: issuer.url,
      jwksUri: within('keys', '/jwks'),
      introspection: { ...client, endpoint: within('introspection', '/introspect'), opaquePrefix: 'good_' },
    }),
    oauth({ ...common, issuer: within('discovery') }),
  ],
})
const settings = { ...client, deadline: DEADLINE } as const
const sourceAt = (url: string) => tokenSource({ ...settings, tokenEndpoint: url })
const managementAt = (url: string) => oauthTokens({ ...settings, introspectionEndpoint: url })

function jwtOf(iss: string): string {
  return issuer.mintJwt({ algorithm: 'ES256', claims: { iss } })
}

function times<T>(count: number, make: () => T): readonly T[] {
  return Array.from({ length: count }, make)
}

async function accepted(tokens: readonly string[]): Promise<number> {
  const decisions = await Promise.all(
    tokens.map((token) => verifier.authorize({ headers: { authorization: `Bearer ${token}` } })),
  )
  return decisions.filter(({ outcome }) => outcome === 'accepted').length
}

function succeeded(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => String(error),
  )
}

async function allOf(work: Readonly<Record<string, Promise<unknown>>>): Promise<Record<string, unknown>> {
  const values = await Promise.all(Object.values(work))
  return Object.fromEntries(Object.keys(work).map((name, index) => [name, values[index]]))
}

let settled = 0
const hanging: readonly Promise<unknown>[] = [
  ...times(INVALID, () => accepted([`bad_${crypto.randomUUID()}`])),
  ...times(INVALID, () => accepted([jwtOf('https://hanging-keys.idp.test')])),
  ...times(INVALID, () => accepted([jwtOf(within('hanging-discovery'))])),
  sourceAt(within('hanging-client', '/token')).getToken(),
  ...times(INVALID, () =>
    managementAt(within('hanging-management', '/introspect')).introspect({ token: crypto.randomUUID() }),
  ),
]
for (const work of hanging) {
  const settle = (): void => {
    settled += 1
  }
  work.then(settle, settle)
}
// Two queries come from c-ares, which asks once for each family of addresses. More come from the operating system.
await nameServer.until(() => HANGING.some((host) => nameServer.swallowed(`${host}.idp.test`) > 2))

const results = await allOf({
  keys: accepted(times(VALID, () => jwtOf(issuer.url))),
  introspection: accepted(times(VALID, () => issuer.mintOpaque())),
  discovery: accepted(times(VALID, () => jwtOf(within('discovery')))),
  client: succeeded(sourceAt(within('client', '/token')).getToken()),
  management: succeeded(
    managementAt(within('management', '/introspect')).introspect({ token: issuer.mintOpaque() }),
  ),
  hostsFile: succeeded(sourceAt(within('in-hosts-file', '/token')).getToken()),
  shortName: succeeded(sourceAt(at('short', '/token')).getToken()),
  application: Promise.race([
    succeeded(dns.lookup('application.idp.test')),
    pause(HELD_UP * 1000, 'held up', { ref: false }),
  ]),
})
writeSync(1, `${JSON.stringify({ ...results, settled })}\n`)
// A process cannot exit while a lookup hangs, because Node waits for its threads.
process.kill(process.pid, 'SIGKILL')
