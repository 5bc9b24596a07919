import type { Policy } from '../../policy/policy.js'
import type { Verifier } from '../../verifier/verifier.js'
import type { InspectedIssuer } from './inspected-issuer.js'
import type { Finding } from './finding.js'

/** What the checks of the doctor examine. */
export interface DoctorContext {
  readonly verifier: Verifier
  readonly issuers: readonly InspectedIssuer[]
  /** Policies of routes that the config exports. */
  readonly policies: readonly Policy[]
  /** URL of a guarded route; `undefined` if none is examined. */
  readonly url: string | undefined
  /** Lower-case name of the header with the bare token; `undefined` for `Authorization: Bearer`. */
  readonly header: string | undefined
  /** Maximum clock difference of the verifier, in seconds. */
  readonly toleranceSeconds: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Version of Node, such as `24.1.0`. */
  readonly nodeVersion: string
}

/** One row of the table of checks. */
export interface DoctorCheck {
  readonly name: string
  readonly find: (context: DoctorContext) => readonly Finding[] | Promise<readonly Finding[]>
}
