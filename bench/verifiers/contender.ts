import type { Callee } from '../support/measure.js'
import { bearerBytes, freshHeaders, type Issuance } from '../support/tokens.js'

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

/** Verifies each token once. Returns the call to measure for the first `count` tokens. */
export async function prepareCalls(
  { name, awaited, isAccepted }: Omit<Contender, 'make'>,
  verify: Verify,
  tokens: readonly string[],
): Promise<(count: number) => Callee> {
  const bytes = tokens.map(bearerBytes)
  // The first call may fetch keys. The others fill the cache.
  for (const one of bytes)
    if (!isAccepted(await verify(freshHeaders(one)))) throw new Error(`${name}: a token was not accepted`)
  let next = 0
  return (count) => ({
    call: () => {
      next = (next + 1) % count
      return verify(freshHeaders(bytes[next]))
    },
    awaited,
    isAccepted,
  })
}
