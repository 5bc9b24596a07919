import type { Issuance } from '../support/tokens.js'

/** Reads the token from the headers and verifies it. This is exactly the measured call, without an additional promise. */
export type Verify = (headers: { readonly authorization: string }) => unknown

/** A verifier with the setup from its documentation. */
export interface Contender {
  readonly name: string
  /** The packages to list versions of. */
  readonly packages: readonly string[]
  /** Whether calls are awaited. A verifier that returns no promise is called without `await`. */
  readonly awaited: boolean
  /** Whether the result of a call means that the token was accepted. Checked for every call. */
  readonly isAccepted: (result: unknown) => boolean
  readonly make: (issuance: Issuance) => Promise<Verify> | Verify
}
