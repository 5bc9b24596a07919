import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { guard } from '../../../adapters/express.js'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import { createTestIssuer, type Fault, type TestIssuer } from '../../../src/testing/index.js'
import { controlDeadlines } from '../../support/setup/deadlines.js'
import { NUMBERS, type FaultLog, type Part } from './fault-log.js'

/** An issuer, a guard and an Express server, with the calls between them counted. */
export interface SoakBed {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly url: string
  /** What the guard asked of the issuer. */
  readonly calls: Record<Part, number>
  /** Decisions by reason; `accepted` for those. */
  readonly reasons: Record<string, number>
  readonly close: () => Promise<void>
}

/** Builds it on free ports, with the shortened numbers. */
export async function createSoakBed(faultLog: FaultLog): Promise<SoakBed> {
  // Neither deadlines nor pauses between attempts take real time.
  controlDeadlines()
  const issuer = await createTestIssuer({ clock: faultLog.clock })
  // Made in no time: issuer and guard share a process here, and an RSA key would hold up both.
  issuer.addKey({ algorithm: 'ES256', use: true })
  const calls = { keys: 0, questions: 0 }
  const reasons: Record<string, number> = {}
  const verifier = createVerifier({
    issuers: [
      oauth(
        issuer.oauth({
          fetch: countingFetch(calls, faultLog),
          keys: {
            lifetime: NUMBERS.keyLifetime,
            pause: NUMBERS.keyPause,
            longestPause: NUMBERS.longestKeyPause,
            unknownKeyPause: NUMBERS.unknownKeyPause,
          },
          remote: {
            lifetime: NUMBERS.answerLifetime,
            refusedLifetime: NUMBERS.refusedLifetime,
            breakerAfter: NUMBERS.breakerAfter,
            breakerPause: NUMBERS.breakerPause,
          },
        }),
      ),
    ],
    clock: faultLog.clock,
    onDecision: ({ reason = 'accepted' }) => {
      reasons[reason] = (reasons[reason] ?? 0) + 1
    },
  })
  await verifier.ready()

  const app = express()
  app.get('/orders', guard(verifier, { scopes: 'orders' }), (_request, response) => void response.json([]))
  app.get('/admin', guard(verifier, { scopes: 'admin' }), (_request, response) => void response.json([]))
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    issuer,
    verifier,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    reasons,
    async close() {
      server.closeAllConnections()
      server.close()
      verifier.close()
      await issuer.close()
    },
  }
}

/** Counts calls, and notes when the guard got a key set that knows of the last rotation. */
function countingFetch(calls: Record<Part, number>, faultLog: FaultLog): typeof fetch {
  return async (url, init) => {
    calls[init?.method === 'POST' ? 'questions' : 'keys'] += 1
    const from = faultLog.now()
    const response = await fetch(url, init)
    if (response.ok && addressOf(url).endsWith('/jwks') && from >= faultLog.rotatedAt) {
      const text = await response.text()
      if (isKeySet(text)) faultLog.keysServedAt = faultLog.now()
      return new Response(text, response)
    }
    return response
  }
}

function addressOf(input: Parameters<typeof fetch>[0]): string {
  return input instanceof Request ? input.url : input.toString()
}

function isKeySet(text: string): boolean {
  try {
    return Array.isArray((JSON.parse(text) as { keys?: unknown }).keys)
  } catch {
    return false
  }
}

/** How the issuer fails, one after the other. */
const FAULTS: readonly { readonly parts: readonly Part[]; readonly fault: Fault }[] = [
  { parts: ['questions'], fault: 500 },
  { parts: ['keys'], fault: 'reset' },
  { parts: ['questions', 'keys'], fault: 'html' },
  { parts: ['questions'], fault: { status: 429, headers: { 'retry-after': '1' } } },
  { parts: ['questions', 'keys'], fault: 503 },
  { parts: ['questions'], fault: 'reset' },
]

/** Lets the n-th outage begin; what it gives back ends it. */
export function startOutage(issuer: TestIssuer, faultLog: FaultLog, number: number): () => void {
  const { parts, fault } = FAULTS[number % FAULTS.length]!
  for (const part of parts) {
    faultLog.begin(part)
    issuer.fail(part === 'keys' ? 'jwks' : 'introspection', fault)
  }
  return () => {
    issuer.heal()
    for (const part of parts) faultLog.end(part)
  }
}
