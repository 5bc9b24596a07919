import { createVerifier, oauth, type DecisionEvent } from 'm2m-guard'
import { createTestIssuer, type TestIssuer } from 'm2m-guard/testing'
import { startExpress } from './api-express.js'
import { startFastify } from './api-fastify.js'
import { startKoa } from './api-koa.js'
import type { StartOptions } from './arguments.js'
import type { Api } from './routes.js'

const START = { express: startExpress, koa: startKoa, fastify: startFastify }

/** A test issuer and a guarded API that trusts it, both listening. */
export interface Demo {
  readonly issuer: TestIssuer
  readonly url: string
  /** The decisions of the guard, in order. The caller may clear the list. */
  readonly decisions: DecisionEvent[]
  /** Starts the clock of issuer and guard, which is stopped until then. */
  startClock(): void
  close(): Promise<void>
}

/** Starts both. Rejects if a port is unavailable, and then leaves no open server. */
export async function startDemo(options: Omit<StartOptions, 'once'>): Promise<Demo> {
  // The table states the calls to the issuer. On a slow machine a cached result could expire in between, so the clock is
  // stopped until the table is done.
  let frozen: number | undefined = Date.now()
  const clock = (): number => frozen ?? Date.now()

  const decisions: DecisionEvent[] = []
  const issuer = await createTestIssuer({ port: options.issuerPort, clock })
  const verifier = createVerifier({
    issuers: [oauth(issuer.oauth())],
    clock,
    onDecision: (decision) => {
      decisions.push(decision)
    },
  })
  let api: Api
  try {
    api = await START[options.framework]({ verifier, port: options.port })
  } catch (error) {
    await issuer.close()
    throw error
  }

  return {
    issuer,
    url: api.url,
    decisions,
    startClock() {
      frozen = undefined
    },
    async close() {
      await api.close()
      verifier.close()
      await issuer.close()
    },
  }
}
