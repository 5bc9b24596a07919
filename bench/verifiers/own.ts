import { guard, type KoaContext } from '../../adapters/koa.js'
import { createVerifier, oauth, type Decision, type Verifier } from '../../src/index.js'
import { SCOPE, type Issuance } from '../support/tokens.js'
import type { Contender, Verify } from './contender.js'

/** What every figure of ours includes: one scope and a maximum age. */
export const policy = { scopes: SCOPE, maxTokenAge: '12h' } as const

export async function ownVerifier(
  { issuer, audience, jwksUri }: Issuance,
  options: { readonly maxTokens?: number | false; readonly signatures?: 'node' | 'jose' } = {},
): Promise<Verifier> {
  const { maxTokens, signatures } = options
  const verifier = createVerifier({
    issuers: [oauth({ issuer, audience, jwksUri })],
    ...(maxTokens === undefined ? {} : { cache: maxTokens === false ? false : { maxTokens } }),
    ...(signatures === undefined ? {} : { signatures }),
  })
  await verifier.ready()
  return verifier
}

const isAccepted = (result: unknown): boolean =>
  result === true || (result as Decision | undefined)?.outcome === 'accepted'

/** The whole decision about a request, as a promise. */
function authorizing(verifier: Verifier): Verify {
  return (headers) => verifier.authorize({ headers }, policy)
}

/** The way of the adapters, which do without a promise where nothing has to be awaited: here Koa's. */
function guarding(verifier: Verifier): Verify {
  const middleware = guard(verifier, policy)
  const next = (): Promise<unknown> => PASSED
  return (headers) => {
    const context = { req: { headers, rawHeaders: NO_RAW_HEADERS }, originalUrl: '/', state: {} }
    return middleware(context as unknown as KoaContext, next) === PASSED
  }
}

const PASSED = Promise.resolve()
const NO_RAW_HEADERS: readonly string[] = []

export const ownKnown: readonly Contender[] = [
  {
    name: 'm2m-guard authorize',
    packages: [],
    awaited: true,
    isAccepted,
    make: async (issuance) => authorizing(await ownVerifier(issuance)),
  },
  {
    name: 'm2m-guard in an adapter (no promise)',
    packages: [],
    awaited: false,
    isAccepted,
    async make(issuance) {
      const verifier = await ownVerifier(issuance)
      const asPromise = authorizing(verifier)
      const atOnce = guarding(verifier)
      // A token seen for the first time may take a promise; what is measured here is the way without.
      return (headers) => (isWarm(headers) ? atOnce(headers) : asPromise(headers))
    },
  },
]

/** Marks the calls that only bring a token into memory. */
export const WARMING = Symbol('warming')

function isWarm(headers: object): boolean {
  return !Object.hasOwn(headers, WARMING)
}

export function ownNew(maxTokens: number): readonly Contender[] {
  return [
    {
      name: 'm2m-guard authorize',
      packages: [],
      awaited: true,
      isAccepted,
      make: async (issuance) => authorizing(await ownVerifier(issuance, { maxTokens })),
    },
    {
      name: 'm2m-guard authorize, cache: false',
      packages: [],
      awaited: true,
      isAccepted,
      make: async (issuance) => authorizing(await ownVerifier(issuance, { maxTokens: false })),
    },
    {
      name: "m2m-guard authorize, signatures: 'jose'",
      packages: ['jose'],
      awaited: true,
      isAccepted,
      make: async (issuance) => authorizing(await ownVerifier(issuance, { maxTokens, signatures: 'jose' })),
    },
  ]
}
