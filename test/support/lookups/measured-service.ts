import { lookup } from 'node:dns/promises'
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createVerifier, oauth } from '../../../src/index.js'
import { createTestIssuer } from '../../../src/testing/index.js'
import { startTlsFront } from '../proxy/tls-front.js'
import { startNameServer } from './name-server.js'

/** A verifier, its number of issuers whose name server does not respond, and its requests at a steady rate. */
export interface Plan {
  readonly verifier: 'm2m-guard' | 'm2m-guard, fetch: fetch' | 'jose createRemoteJWKSet'
  /** For `introspection`, each request is a call over a new connection. For `keys`, the first requests need one call. */
  readonly need: 'introspection' | 'keys'
  readonly hanging: number
  readonly requests: number
  readonly everyMs: number
  /** A request or lookup that takes longer counts as not answered. */
  readonly limitMs: number
}

/** Milliseconds of each request of the healthy issuer, and of each lookup of the application. */
export type Waits = Readonly<Record<'requests' | 'lookups', readonly number[]>>

/** Whether a token of an issuer is accepted. The healthy issuer is the first one. */
type IsAccepted = (token: string, issuer: number) => Promise<boolean>

const WARM_UP = 20

// A service that is also its own name server and issuer, in namespaces of its own. Only the benchmark runs it: it measures, and thus
// uses real time.
const [argument = '', folder = ''] = process.argv.slice(2)
const { verifier: name, need, hanging, requests, everyMs, limitMs } = JSON.parse(argument) as Plan
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
const hosts = Array.from({ length: hanging }, (_, index) => `hanging-${index}.idp.test`)

await startNameServer((host) => (hosts.includes(host) ? 'swallow' : 'answer'))
const issuer = await createTestIssuer({ opaquePrefix: 'healthy_' })
issuer.fail('introspection', { headers: { connection: 'close' } })
const front = await startTlsFront({ key: read('key.pem'), cert: read('cert.pem') }, () => undefined)
front.forwardTo(issuer.url)

function mint(host?: string): string {
  if (need === 'introspection')
    return host === undefined ? issuer.mintOpaque() : `${host}_${crypto.randomUUID()}`
  return issuer.mintJwt(host === undefined ? {} : { claims: { iss: `https://${host}` } })
}

function verifierAt(healthyHost: string): IsAccepted {
  const { clientId, clientSecret } = issuer.client
  const settings = [healthyHost, ...hosts].map((host, index) => ({
    issuer: index === 0 ? issuer.url : `https://${host}`,
    audience: issuer.audience,
    jwksUri: `https://${host}:${front.port}/jwks`,
    introspection: {
      ...{ clientId, clientSecret, endpoint: `https://${host}:${front.port}/introspect` },
      opaquePrefix: index === 0 ? 'healthy_' : `${host}_`,
    },
  }))
  if (name === 'jose createRemoteJWKSet') {
    const keys = settings.map(({ jwksUri }) => createRemoteJWKSet(new URL(jwksUri)))
    return async (token, index) => {
      const { payload } = await jwtVerify(token, keys[index]!, { audience: issuer.audience })
      return payload.iss === settings[index]!.issuer
    }
  }
  const more = name === 'm2m-guard' ? {} : { fetch }
  const issuers = settings.map((one) => oauth({ ...one, ...more }))
  const verifier = createVerifier({ issuers, onIssuerEvent: () => undefined })
  return async (token) => {
    const decision = await verifier.authorize({ headers: { authorization: `Bearer ${token}` } })
    return decision.outcome === 'accepted'
  }
}

async function measure(isAccepted: IsAccepted): Promise<Waits> {
  // A token of each issuer for each request. Signing takes longer than verifying, so it is done before.
  const tokens = Array.from({ length: requests }, () => [mint(), ...hosts.map((host) => mint(host))])
  const started = performance.now()
  const waitFor = async (dueAt: number, work: Promise<boolean>): Promise<number> => {
    const isDone = await Promise.race([work.catch(() => false), pause(limitMs, false)])
    return isDone ? Math.min(limitMs, performance.now() - dueAt) : limitMs
  }
  const waits = { requests: [] as Promise<number>[], lookups: [] as Promise<number>[] }
  for (const [sent, one] of tokens.entries()) {
    const dueAt = started + sent * everyMs
    await pause(Math.max(0, dueAt - performance.now()))
    const [healthy] = one.map((token, index) => waitFor(dueAt, isAccepted(token, index)))
    if (healthy !== undefined) waits.requests.push(healthy)
    waits.lookups.push(waitFor(dueAt, lookup('application.idp.test').then(Boolean)))
  }
  return { requests: await Promise.all(waits.requests), lookups: await Promise.all(waits.lookups) }
}

// With another host, so that the code is optimized and the measured one is unknown.
const warmUp = verifierAt('warm.idp.test')
for (let count = 0; count < WARM_UP; count += 1)
  if (!(await warmUp(mint(), 0))) throw new Error(`${name}: a token was not accepted`)
writeSync(1, `${JSON.stringify(await measure(verifierAt('healthy.idp.test')))}\n`)
// A process cannot exit while a lookup hangs.
process.kill(process.pid, 'SIGKILL')
