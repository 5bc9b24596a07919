import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { guard } from '../../adapters/express.js'
import { createVerifier, oauth, type Verifier } from '../../src/index.js'
import { createTestIssuer, type Fault } from '../../src/testing/index.js'
import { Flood, htmlPage } from '../../test/support/misbehaviours.js'
import { AT_ONCE, IN_ROW } from './faults.js'
import { reasons, recovery, send, statuses, type Row } from './cell.js'
import { AUDIENCE } from './key-server.js'
import type { Guarded, Peer } from './peers.mjs'

const DEADLINE = '1s'

/** A service behind our guard; a refusal says its reason code, which the guard keeps to itself by default. */
async function serve(verifier: Verifier): Promise<Guarded> {
  const app = express()
  app.use(
    guard(verifier, undefined, {
      onRefusal(refusal, _request, response) {
        response
          .writeHead(refusal.status, { ...refusal.headers })
          .end(JSON.stringify({ message: refusal.reason }))
      },
    }),
  )
  app.get('/', (_request, response) => {
    response.json({ ok: true })
  })
  const server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** m2m-guard under Express, with its defaults but for the deadline. */
export function ownGuard(version: string): Peer {
  return {
    name: 'm2m-guard',
    version,
    start: ({ issuer, jwksUri }) =>
      serve(
        createVerifier({
          issuers: [oauth({ issuer, audience: AUDIENCE, jwksUri, keys: { deadline: DEADLINE } })],
          onIssuerEvent: () => undefined,
        }),
      ),
  }
}

const remoteFaults: readonly (readonly [string, Fault])[] = [
  ['introspection down (connection closed)', 'reset'],
  ['introspection slow (300 ms)', { delay: 300 }],
  ['introspection hangs', 'hang'],
  ['introspection status 500', 500],
  ['introspection status 503', 503],
  ['introspection 429, Retry-After: 3', { status: 429, headers: { 'retry-after': '3' } }],
  ['introspection refuses our credentials (401)', 401],
  ['introspection login page (200, HTML)', htmlPage],
  ['introspection redirect', 'redirect'],
  ['introspection body of 20 MB', new Flood(' ', 20 * 1024 * 1024).handler],
]

/** Our guard and an introspection endpoint that fails: about tokens never seen (cold), and one remembered (warm). */
export const remoteCells: readonly (() => Promise<Row>)[] = remoteFaults.flatMap(([name, fault]) =>
  (['cold', 'warm'] as const).map((phase) => () => meetRemotely(name, fault, phase)),
)

async function meetRemotely(name: string, fault: Fault, phase: 'cold' | 'warm'): Promise<Row> {
  const issuer = await createTestIssuer()
  const verifier = createVerifier({
    issuers: [oauth(issuer.oauth({ remote: { deadline: DEADLINE } }))],
    onIssuerEvent: () => undefined,
  })
  const guarded = await serve(verifier)
  try {
    const remembered = issuer.mintOpaque()
    await send(guarded, remembered)
    issuer.resetCalls()
    issuer.fail('introspection', fault)
    const token = (): string => (phase === 'warm' ? remembered : issuer.mintOpaque())
    const replies = await Promise.all(Array.from({ length: AT_ONCE }, () => send(guarded, token())))
    for (let count = 0; count < IN_ROW; count += 1) replies.push(await send(guarded, token()))
    const calls = issuer.calls.introspection
    issuer.heal()
    const back = await recovery(async () => (await send(guarded, token())).status === 200)
    return {
      fault: name,
      phase,
      package: 'm2m-guard',
      answer: statuses(replies),
      reason: reasons(replies),
      calls: `${calls}`,
      recovery: back,
    }
  } finally {
    guarded.close()
    await issuer.close()
  }
}
