import { createVerifier, oauth, type Decision, type VerifierOptions } from '../../src/index.js'
import { SCOPE } from '../support/tokens.js'
import type { Contender } from './contender.js'

/** Every figure of m2m-guard includes one scope and a maximum age. */
export const policy = { scopes: SCOPE, maxTokenAge: '12h' } as const

/** Fewer than the tokens that are used in turn, so that each token is new whenever it is used. */
const CACHED_OF_NEW = 1000

const own = (name: string, make: Contender['make'], packages: readonly string[] = []): Contender => ({
  name,
  packages,
  awaited: true,
  isAccepted: (result) => (result as Decision).outcome === 'accepted',
  make,
})

/** The complete decision about a request, as a promise. */
const authorizing =
  (options: Partial<VerifierOptions> = {}): Contender['make'] =>
  async ({ issuer, audience, jwksUri }) => {
    const verifier = createVerifier({ issuers: [oauth({ issuer, audience, jwksUri })], ...options })
    await verifier.ready()
    return (headers) => verifier.authorize({ headers }, policy)
  }

export const ownKnown = own('m2m-guard authorize', authorizing())

const cache = { maxTokens: CACHED_OF_NEW }

export const ownNew: readonly Contender[] = [
  own('m2m-guard authorize', authorizing({ cache })),
  own('m2m-guard authorize, cache: false', authorizing({ cache: false })),
  own("m2m-guard authorize, signatures: 'jose'", authorizing({ cache, signatures: 'jose' }), ['jose']),
]
