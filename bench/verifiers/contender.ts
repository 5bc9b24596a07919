import type { Issuance } from '../support/tokens.js'

/** Reads the token from the headers and verifies it: exactly the call that is measured, without a promise around it. */
export type Verify = (headers: { readonly authorization: string }) => unknown

/** A verifier, set up as its documentation says. */
export interface Contender {
  readonly name: string
  /** The packages to list versions of. */
  readonly packages: readonly string[]
  /** Whether calls are awaited; a verifier that returns no promise is called without `await`. */
  readonly awaited: boolean
  /** Whether the result of a call means that the token was accepted; checked for every call. */
  readonly isAccepted: (result: unknown) => boolean
  readonly make: (issuance: Issuance) => Promise<Verify> | Verify
}
