import dns from 'node:dns'
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { tokenSource } from '../../../src/client/index.js'
import { createVerifier, oauth } from '../../../src/index.js'
import { oauthTokens } from '../../../src/management/index.js'
import { createTestIssuer } from '../../../src/testing/index.js'
import { controlDeadlines, passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { startNameServer, type Treatment } from '../../support/lookups/name-server.js'
import { startTlsFront } from '../../support/proxy/tls-front.js'
import { until } from '../../support/until.js'

// A service that is also its own name server; isolation.test.ts starts it in separate namespaces. Time passes for its
// deadlines only when it says so, and it reports the order of events, so that a slow machine changes nothing.
controlDeadlines()

/** Seconds. Longer than the test takes. */
const DEADLINE = 60
const INVALID = 64
const VALID = 20

const [, , folder = ''] = process.argv
/** Whether the thread pool has one slot, so that hosts that hang are not looked up. */
const hasOneSlot = process.env['UV_THREADPOOL_SIZE'] === '1'
const HANGING = ['introspection', 'keys', 'discovery', 'client', 'management'].map(
  (kind) => `hanging-${kind}.idp.test`,
)
const SLOW = 'slow-client.idp.test'

let isHolding = true
function treatmentOf(name: string, type: string): Treatment {
  if (name.startsWith('hanging-')) return 'swallow'
  if (name.startsWith('half-') && type === 'AAAA') return 'swallow'
  return name === SLOW && isHolding ? 'hold' : 'answer'
}
const nameServer = await startNameServer(treatmentOf)

/** Numbers of lookups of the operating system that this package has started, and that have ended. */
const lookups = { started: [] as string[], ended: [] as string[] }
const { lookup } = dns
const recorded = (
  host: string,
  options: dns.LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: dns.LookupAddress[]) => void,
): void => {
  lookups.started.push(host)
  lookup(host, options, (error, addresses) => {
    lookups.ended.push(host)
    callback(error, addresses)
  })
}
Object.assign(dns, { lookup: recorded })

function hangingIn(hosts: readonly string[]): number {
  return hosts.filter((host) => HANGING.includes(host)).length
}

const issuer = await createTestIssuer({ opaquePrefix: 'good_' })
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
// The process ends by a signal, so that nothing is cleaned up.
const front = await startTlsFront({ key: read('key.pem'), cert: read('cert.pem') }, () => undefined)
front.forwardTo(issuer.url)
const { port } = front
const { clientId, clientSecret } = issuer.client
const client = { clientId, clientSecret }

function at(host: string, path = ''): string {
  return `https://${host}:${port}${path}`
}

function within(host: string, path = ''): string {
  return at(`${host}.idp.test`, path)
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

function watched(work: Promise<unknown>): {
  readonly result: Promise<string>
  readonly isDone: () => boolean
} {
  let isDone = false
  const result = succeeded(work).finally(() => (isDone = true))
  return { result, isDone: () => isDone }
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
// Name servers without a response for 2 s count as silent.
await until(() => HANGING.every((host) => nameServer.swallowed(host) > 0))
passDeadlines(2)
if (!hasOneSlot) await until(() => hangingIn(lookups.started) > 0)

/** A host whose name server takes 0.7 s for each reply, first to c-ares and then to the operating system. */
async function slowly(): Promise<string> {
  const { result, isDone } = watched(sourceAt(within('slow-client', '/token')).getToken())
  await until(() => nameServer.held(SLOW) > 1)
  passDeadlines(0.7)
  await until(() => {
    // In each turn, because c-ares repeats a query if this process was too slow to read the reply.
    nameServer.reply()
    return isDone() || lookups.started.includes(SLOW)
  })
  passDeadlines(0.7)
  isHolding = false
  nameServer.reply()
  return result
}

/** A host whose name server never responds for AAAA. */
async function byHalf(): Promise<string> {
  const { result, isDone } = watched(sourceAt(within('half-client', '/token')).getToken())
  await until(() => {
    // A has a response: the package waits briefly for the other family.
    if (runningDeadlines().some((left) => left <= 0.3)) passDeadlines(0.3)
    return isDone()
  })
  return result
}

const slow = await slowly()
const half = await byHalf()
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
  application: succeeded(dns.promises.lookup('application.idp.test')),
})
const hangingLookups = { started: hangingIn(lookups.started), ended: hangingIn(lookups.ended) }
writeSync(1, `${JSON.stringify({ slow, half, ...results, hangingLookups, settled })}\n`)
// A process cannot exit while a lookup hangs, because Node waits for its threads.
process.kill(process.pid, 'SIGKILL')
