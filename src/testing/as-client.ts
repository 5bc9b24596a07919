import { issuersOf, type Verifier } from '../verifier/verifier.js'
import type { Issuer } from '../model/issuer.js'
import type { MintOptions } from './mint.js'
import { PROVIDERS, type ProviderName } from './state/providers.js'
import { isSigningAlgorithm, type SigningAlgorithm } from './state/signing-keys.js'
import { findProvider, runningIssuers, type RegisteredTestIssuer } from './registry.js'

/** Who calls, and with what. Everything is optional: the default is a token that the guard accepts. */
export interface AsClientOptions extends Omit<MintOptions, 'provider'> {
  /** Which of the verifier's issuers issues the token. Default: the first that is a test issuer. */
  readonly provider?: ProviderName
  /** Default: `'jwt'` where the verifier takes JWTs of the issuer, else `'opaque'`. */
  readonly format?: 'jwt' | 'opaque'
}

/**
 * The header of a request, ready for supertest, `inject`, `fetch` and the rest. No interface: to one,
 * TypeScript denies the index signature that Node's and supertest's header types ask for.
 */
export type ClientHeaders = Readonly<Record<'authorization', string>>

/**
 * The header of a client that the real guard accepts: a token of the test issuer behind the verifier, with
 * the audience the verifier wants.
 *
 * ```ts
 * await request(app).get('/orders').set(asClient(verifier, { clientId: 'billing', scopes: 'orders:read' }))
 * ```
 *
 * @throws Error if no running test issuer stands behind the verifier.
 */
export function asClient(verifier: Verifier, options: AsClientOptions = {}): ClientHeaders {
  const { provider: requested, format, ...mint } = options
  const { testIssuer, issuer, provider } = findTestIssuer(issuersOf(verifier), requested)
  const client = mint.clientId ?? mint.subject
  if (provider === 'clerk' && client?.startsWith('mch_') === false) {
    throw new TypeError(
      `asClient: Clerk's clients are machines, and ${client} is none: its id starts with mch_`,
    )
  }
  const audience =
    mint.audience === undefined && issuer.audience !== null ? { audience: issuer.audience } : {}
  const isJwt =
    (format ?? (issuer.jwt === undefined && issuer.opaque !== undefined ? 'opaque' : 'jwt')) === 'jwt'
  const prefix = issuer.opaque?.prefix
  const token = isJwt
    ? testIssuer.mintJwt({ ...acceptedAlgorithm(issuer), ...mint, ...audience, provider })
    : testIssuer.mintOpaque({
        ...mint,
        ...audience,
        provider,
        ...(typeof prefix === 'string' ? { prefix } : {}),
      })
  return { authorization: `Bearer ${token}` }
}

/** The test issuer's own default where the verifier takes it, else the first it takes. */
function acceptedAlgorithm({ jwt }: Issuer): { readonly algorithm?: SigningAlgorithm } {
  const accepted = jwt?.algorithms ?? []
  const algorithm = accepted.includes('RS256') ? undefined : accepted.find((name) => isSigningAlgorithm(name))
  return algorithm === undefined ? {} : { algorithm }
}

interface Found {
  readonly testIssuer: RegisteredTestIssuer
  readonly issuer: Issuer
  readonly provider: ProviderName
}

function findTestIssuer(issuers: readonly Issuer[], requested: ProviderName | undefined): Found {
  for (const issuer of issuers) {
    for (const testIssuer of runningIssuers) {
      const provider = findProvider(issuer, testIssuer)
      if (provider !== undefined && (requested ?? provider) === provider)
        return { testIssuer, issuer, provider }
    }
  }
  if (requested !== undefined && !PROVIDERS.includes(requested)) {
    throw new TypeError(`asClient: no provider is named ${requested}; there are ${PROVIDERS.join(', ')}`)
  }
  const which = requested ?? 'oauth'
  throw new Error(
    `asClient: no running test issuer stands behind this verifier${requested === undefined ? '' : ` as ${requested}`}. ` +
      `Wire one: const issuer = await createTestIssuer(); createVerifier({ issuers: [${which}(issuer.${which}())] })`,
  )
}
