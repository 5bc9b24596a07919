import { onTestFinished } from 'vitest'
import {
  createVerifier,
  oauth,
  type Answers,
  type IssuerEvent,
  type OAuthOptions,
  type Policy,
  type Verifier,
} from '../../src/index.js'
import type { TestClock } from './clock.js'
import { manualClock } from './clock.js'
import { outcomeOf, type Outcome } from './outcomes.js'
import { LONG_LIVED, testBed, type TestBed } from './test-bed.js'

/** A process of a fleet: a verifier that shares its introspection results. */
export interface Sharer {
  readonly verifier: Verifier
  readonly issuerEvents: IssuerEvent[]
  readonly outcome: (token: string, policy?: Policy) => Promise<Outcome>
  /** The `source` of the last decision. */
  readonly source: () => string | undefined
}

/** A test issuer and the processes that introspect at it. */
export interface Fleet {
  readonly bed: TestBed
  /** Number of introspection requests that the issuer got. */
  readonly calls: () => number
  readonly join: (answers: Answers | undefined, options?: JoinOptions) => Sharer
}

interface JoinOptions {
  readonly oauth?: Partial<OAuthOptions>
  /** @defaultValue that of the issuer */
  readonly clock?: TestClock
}

/** Starts an issuer; `join` adds processes. */
export async function fleetOf(): Promise<Fleet> {
  const clock = manualClock()
  const bed = await testBed({ clock, mint: LONG_LIVED })
  return {
    bed,
    calls: () => bed.issuer.calls.introspection,
    join(answers, options = {}) {
      const issuerEvents: IssuerEvent[] = []
      let source: string | undefined
      const { clientId, clientSecret } = bed.issuer.client
      const introspection = { clientId, clientSecret, endpoint: `${bed.issuer.url}/introspect` }
      const given = { introspection, jwksUri: `${bed.issuer.url}/jwks`, ...options.oauth }
      const verifier = createVerifier({
        issuers: [oauth(bed.issuer.oauth(given))],
        clock: (options.clock ?? clock).read,
        ...(answers === undefined ? {} : { answers }),
        onIssuerEvent: (event) => void issuerEvents.push(event),
        onDecision: (event) => {
          source = event.source
        },
      })
      onTestFinished(() => {
        verifier.close()
      })
      return {
        verifier,
        issuerEvents,
        outcome: (token, policy) => outcomeOf(verifier.verify(token, policy)),
        source: () => source,
      }
    },
  }
}
