import type { Issuance } from '../support/tokens.js'

/** The headers of a request: each call gets new ones, with a text nobody has seen before. */
export type Headers = Readonly<Record<'authorization', string>>

/** Takes the token from the headers and verifies it: exactly the call that is measured, with no promise around it. */
export type Verify = (headers: Headers) => unknown

/** Something that verifies tokens, set up as its documentation says. */
export interface Contender {
  readonly name: string
  /** The packages it stands for, for the list of versions. */
  readonly packages: readonly string[]
  /** Whether calls are awaited one after another; who answers without a promise is called without. */
  readonly awaited: boolean
  /** Whether what came of a call means that the token was accepted; looked at for every call. */
  readonly isAccepted: (result: unknown) => boolean
  readonly make: (issuance: Issuance) => Promise<Verify> | Verify
}
