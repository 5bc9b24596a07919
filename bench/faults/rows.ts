import { createServer } from 'node:http'
import { guard } from '../../adapters/express.js'
import { createVerifier, oauth, type OAuthOptions } from '../../src/index.js'
import { createTestIssuer, type Endpoint, type Fault, type TestIssuer } from '../../src/testing/index.js'
import { startTlsFront } from '../../test/support/proxy/tls-front.js'
import { close, listen } from '../../test/support/servers/listen.js'
import { Flood, htmlPage } from '../../test/support/servers/misbehaviours.js'
import { awsGuards, frameworks, type Guards } from '../applications/frameworks.mjs'
import type { Issuance } from '../support/tokens.js'
import { meet, send, type Phase, type Row, type Stage } from './cell.js'
import { courseOf, keyFaults, type Course, type KeyFault } from './faults.js'

const DEADLINE_MS = 1000
const PEER_OPTIONS = { timeout: DEADLINE_MS, cache: false }

/** Starts a server that is guarded by a package, and returns it with its URL. */
async function start(framework: string, guards: Guards) {
  const server = createServer(await frameworks[framework]?.listener(await guards))
  // A client must stay connected while it waits for its next turn.
  server.keepAliveTimeout = 0
  return { url: `http://127.0.0.1:${await listen(server)}/`, close: () => void close(server) }
}

/** Starts m2m-guard in Express, with defaults except the deadline. Refusals contain the reason, which is hidden by default. */
function startOwn(options: OAuthOptions) {
  const verifier = createVerifier({ issuers: [oauth(options)], onIssuerEvent: () => undefined })
  const middleware = guard(verifier, undefined, {
    onRefusal({ status, headers, reason }, _request, response) {
      response.writeHead(status, { ...headers }).end(JSON.stringify({ message: reason }))
    },
  })
  return start('Express 5', [middleware])
}

/** Every package, as the guard of a service. */
export const peers = [
  {
    name: 'm2m-guard',
    packages: ['m2m-guard'],
    start: ({ issuer, audience, jwksUri }: Issuance) =>
      startOwn({ issuer, audience, jwksUri, keys: { deadline: DEADLINE_MS / 1000 } }),
  },
  ...Object.entries({
    'express-oauth2-jwt-bearer': 'Express 5',
    'express-jwt + jwks-rsa': 'Express 5',
    'koa-jwt + jwks-rsa': 'Koa',
    'fastify-jwt-jwks': 'Fastify',
  }).map(([name, framework]) => ({
    name,
    packages: name.split(' + '),
    start: (issuance: Issuance) => start(framework, frameworks[framework]?.peers[name]?.(issuance, PEER_OPTIONS)),
  })),
  {
    name: 'aws-jwt-verify',
    packages: ['aws-jwt-verify'],
    // The same keys over TLS, because it requires that. The process does not wait for the server at its end.
    async start(issuance: Issuance) {
      const front = await startTlsFront('localhost', () => undefined)
      front.forwardTo(issuance.issuer)
      const secure = { jwksUri: `https://localhost:${front.port}/jwks`, ca: front.certificate }
      return start('Express 5', awsGuards({ ...issuance, ...secure }, PEER_OPTIONS))
    },
  },
]

async function stageKeys(peer: (typeof peers)[number], fault: KeyFault): Promise<Stage> {
  const issuer = await createTestIssuer()
  const { url, audience } = issuer
  // A guard that fetches the keys needs no more.
  const issuance = { issuer: url, audience, jwksUri: `${url}/jwks`, algorithm: 'RS256' } as Issuance
  const server = await peer.start(issuance)
  return stageOf(issuer, server, 'jwks', issuer.mintJwt(), fault.stage(issuer, server.url))
}

const stageOf = (
  issuer: TestIssuer,
  server: Awaited<ReturnType<typeof start>>,
  endpoint: Endpoint,
  first: string,
  course: Course,
): Stage => ({
  ...{ url: server.url, first, ...course, calls: () => issuer.calls[endpoint] },
  close() {
    server.close()
    void issuer.close()
  },
})

const introspectionFaults: Readonly<Record<string, Fault>> = {
  'introspection down (connection closed)': 'reset',
  'introspection slow (300 ms)': { delay: 300 },
  'introspection hangs': 'hang',
  'introspection status 500': 500,
  'introspection status 503': 503,
  'introspection 429, Retry-After: 3': { status: 429, headers: { 'retry-after': '3' } },
  'introspection refuses our credentials (401)': 401,
  'introspection login page (200, HTML)': htmlPage,
  'introspection redirect': 'redirect',
  'introspection body of 20 MB': new Flood(' ', 20 * 1024 * 1024).handler,
}

/** Starts m2m-guard with a failing introspection endpoint: with new tokens (cold), or with one cached token (warm). */
async function stageIntrospection(fault: Fault, phase: Phase): Promise<Stage> {
  const issuer = await createTestIssuer()
  const server = await startOwn(issuer.oauth({ remote: { deadline: DEADLINE_MS / 1000 } }))
  const { url } = server
  const first = issuer.mintOpaque()
  // The keys are fetched before the fault in both phases, so that only introspection fails.
  await send(url, first)
  const token = (): string => (phase === 'warm' ? first : issuer.mintOpaque())
  const inject = (): void => {
    issuer.fail('introspection', fault)
  }
  return stageOf(issuer, server, 'introspection', first, courseOf(issuer, url, inject, token))
}

/** Every row of the table, with the function that measures it. */
export const rows: readonly { readonly fault: string; readonly measure: () => Promise<Row> }[] = [
  ...keyFaults.flatMap((fault) =>
    peers.map((peer) => {
      const names = { fault: fault.name, phase: fault.phase, package: peer.name }
      return { fault: fault.name, measure: () => meet(names, () => stageKeys(peer, fault)) }
    }),
  ),
  ...Object.entries(introspectionFaults).flatMap(([name, fault]) =>
    (['cold', 'warm'] as const).map((phase) => {
      const names = { fault: name, phase, package: 'm2m-guard' }
      return { fault: name, measure: () => meet(names, () => stageIntrospection(fault, phase)) }
    }),
  ),
]
