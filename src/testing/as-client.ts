import { issuersOf, type Verifier } from '../verifier/verifier.js'
import type { Issuer } from '../model/issuer/issuer.js'
import { refuseOtherMajor } from '../options/package-major.js'
import { ConfigurationError } from '../options/configuration-error.js'
import type { MintOptions } from './mint.js'
import { PRESETS, type PresetName } from './presets/names.js'
import { KEY_OWNERS, type KeyOwner } from './state/providers.js'
import { isSigningAlgorithm, type SigningAlgorithm } from './state/signing-keys.js'
import { findProvider, runningIssuers, type RegisteredTestIssuer } from './registry.js'

/** Options of {@link asClient}. Without options the guard accepts the token. */
export interface AsClientOptions<Header extends string = 'authorization'> extends Omit<
  MintOptions,
  'provider'
> {
  /**
   * Issuer of the verifier that issues the token.
   *
   * @defaultValue the first issuer of the verifier that is a test issuer
   */
  readonly provider?: KeyOwner
  /**
   * Format of the token.
   *
   * @defaultValue `'jwt'` if the verifier accepts JWTs of the issuer, otherwise `'opaque'`
   */
  readonly format?: 'jwt' | 'opaque'
  /**
   * Header with the bare token, for a guard with the option `header`: `'cf-access-jwt-assertion'`.
   *
   * @defaultValue `authorization`, with the scheme Bearer
   */
  readonly header?: Header
}

/**
 * The header of a request with the token, for supertest, `inject`, `fetch` and others. A type alias, because
 * TypeScript denies interfaces the index signature that Node's and supertest's header types require.
 */
export type ClientHeaders<Header extends string = 'authorization'> = Readonly<
  // Options whose type does not name the header are those of a guard that reads `authorization`.
  Record<string extends Header ? 'authorization' : Header, string>
>

/**
 * Returns an `authorization` header that the real guard accepts: a token of the test issuer behind the verifier,
 * with the audience of the verifier. With `header`, it is that header, and contains the token alone.
 *
 * @throws Error if the verifier has no running test issuer.
 * @throws TypeError for an unknown provider, a Clerk client id that does not start with `mch_`, or opaque tokens of Stytch.
 * @throws ConfigurationError that names an option that is unknown or invalid, such as `asClient.age`.
 *
 * @example
 * ```ts
 * await request(app).get('/orders').set(asClient(verifier, { clientId: 'billing', scopes: 'orders:read' }))
 * ```
 */
export function asClient<const Header extends string = 'authorization'>(
  verifier: Verifier,
  options: AsClientOptions<Header> = {},
): ClientHeaders<Header> {
  const { header, ...others } = options
  if (header !== undefined && !HEADER_NAME.test(header))
    throw new ConfigurationError(
      'asClient.header',
      "must be the name of the header that the guard reads, other than 'authorization', which is the default",
    )
  const token = mintFor(verifier, others)
  const [name, value] = header === undefined ? ['authorization', `Bearer ${token}`] : [header, token]
  return { [name]: value } as ClientHeaders<Header>
}

/** Matches a header name (RFC 9110 section 5.1) other than `authorization`, which contains a scheme before the token. */
const HEADER_NAME = /^(?!authorization$)[!#$%&'*+.^_`|~\w-]+$/i

function mintFor(verifier: Verifier, options: Omit<AsClientOptions, 'header'>): string {
  const { provider: requested, format, ...mint } = options
  refuseOtherMajor('asClient: the verifier', verifier)
  const { testIssuer, issuer, provider } = findTestIssuer(issuersOf(verifier), requested)
  const client = mint.clientId ?? mint.subject
  if (provider === 'clerk' && client?.startsWith('mch_') === false) {
    throw new TypeError(
      `asClient: clientId must be the id of a Clerk machine, which starts with mch_, not ${client}`,
    )
  }
  const audience =
    mint.audience === undefined && issuer.audience !== null ? { audience: issuer.audience } : {}
  if (isPreset(provider)) {
    return testIssuer.mintJwt({ ...acceptedAlgorithm(issuer), ...mint, ...audience, preset: provider })
  }
  const isJwt =
    (format ?? (issuer.jwt === undefined && issuer.opaque !== undefined ? 'opaque' : 'jwt')) === 'jwt'
  const prefix = issuer.opaque?.prefix
  if (!isJwt && provider === 'stytch') {
    throw new TypeError(
      "asClient: Stytch has no opaque machine tokens. Leave format out, or use format: 'jwt'",
    )
  }
  const prefixed = typeof prefix === 'string' ? { prefix } : {}
  return withOwnName(() =>
    isJwt
      ? testIssuer.mintJwt({ ...acceptedAlgorithm(issuer), ...mint, ...audience, provider })
      : testIssuer.mintOpaque({ ...mint, ...audience, provider, ...prefixed }),
  )
}

/** Names `asClient` in the errors of the functions that it calls, because the reader has called no other. */
function withOwnName(mint: () => string): string {
  try {
    return mint()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const problem = error.message.slice(`${error.option}: `.length)
    const name = error.option.replace(/^mint(Jwt|Opaque)\./, '')
    throw new ConfigurationError(
      `asClient.${name}`,
      problem.replace('the options are ', 'the options are format, header, '),
    )
  }
}

/** Returns no algorithm if the verifier accepts the test issuer's default, otherwise the first one it accepts. */
function acceptedAlgorithm({ jwt }: Issuer): { readonly algorithm?: SigningAlgorithm } {
  const accepted = jwt?.algorithms ?? []
  const algorithm = accepted.includes('RS256') ? undefined : accepted.find((name) => isSigningAlgorithm(name))
  return algorithm === undefined ? {} : { algorithm }
}

interface Found {
  readonly testIssuer: RegisteredTestIssuer
  readonly issuer: Issuer
  readonly provider: KeyOwner
}

function isPreset(provider: KeyOwner): provider is PresetName {
  return PRESETS.some((preset) => preset === provider)
}

function findTestIssuer(issuers: readonly Issuer[], requested: KeyOwner | undefined): Found {
  for (const issuer of issuers) {
    for (const testIssuer of runningIssuers) {
      const provider = testIssuer.presets.get(issuer.fetch) ?? findProvider(issuer, testIssuer)
      if (provider !== undefined && (requested ?? provider) === provider)
        return { testIssuer, issuer, provider }
    }
  }
  if (requested !== undefined && !KEY_OWNERS.includes(requested)) {
    throw new TypeError(`asClient: unknown provider ${requested}. Use one of ${KEY_OWNERS.join(', ')}`)
  }
  const which = requested ?? 'oauth'
  throw new Error(
    `asClient: this verifier has no running test issuer${requested === undefined ? '' : ` as ${requested}`}. ` +
      `Create one: const issuer = await createTestIssuer(); createVerifier({ issuers: [${which}(issuer.${which}())] })`,
  )
}
