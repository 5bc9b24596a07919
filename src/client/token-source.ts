import type { Clock } from '../util/clock.js'
import { ownOptions, type OwnOptions } from '../options/read-options.js'
import { secureAddress } from '../options/url.js'
import { requiredText } from '../options/readers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { durationOr, type Duration } from '../options/duration.js'
import { stytchAddress, type StytchAddressOptions } from '../providers/stytch/api-url.js'
import {
  keyAuthentication,
  secretAuthentication,
  type ClientAuthentication,
} from './authentication/client-authentication.js'
import { ClientCredentials, type ClientCredentialsSettings } from './grants/client-credentials.js'
import { readParameters } from './grants/parameters.js'
import { readPrivateKey, type PrivateKey } from './authentication/private-key.js'
import { credentialReader, secretReader, type Secret } from './authentication/credential.js'
import {
  COMMON_OPTIONS,
  createSource,
  readClock,
  readDeadline,
  type CommonTokenSourceOptions,
  type TokenSource,
} from './create-source.js'
import { DiscoveredEndpoint } from './grants/token-endpoint.js'
import { readTokenParameters, type TokenRequestOptions } from './token-request.js'

/** Options of {@link tokenSource}: exactly one of `issuer`, `tokenEndpoint` and `stytch`. */
export interface TokenSourceOptions extends CommonTokenSourceOptions, TokenRequestOptions {
  /** The issuer: its discovery document (OpenID Connect or RFC 8414) says where tokens are to be had. */
  readonly issuer?: string
  /** The token endpoint itself, of an issuer without discovery. */
  readonly tokenEndpoint?: string
  /** A Stytch project: its token endpoint, with the credentials in the form as Stytch has it. */
  readonly stytch?: StytchAddressOptions

  readonly clientId: string
  /** The client's secret; as a function it is read anew for every token request. */
  readonly clientSecret?: Secret
  /**
   * How the client says who it is: `basic` in the header, `post` in the form, `private_key_jwt` by a JWT it signs
   * (RFC 7523). Default `'basic'`; at Stytch `'post'`, and nothing else.
   */
  readonly authentication?: 'basic' | 'post' | 'private_key_jwt'
  /** The key of `private_key_jwt`; as a function it is read anew for every token request. */
  readonly privateKey?: PrivateKey
  /** The `kid` of its JWTs. Default: that of the JWK, if it is one. */
  readonly keyId?: string
  /** What it signs with. Default: what the JWK says, or RS256, ES256, ES384, ES512 or EdDSA by the key's type. */
  readonly algorithm?: string
  /** The `aud` of its JWTs. Default: `issuer`, or `tokenEndpoint` where that was given in its place. */
  readonly assertionAudience?: string

  /** Further parameters of the token request. */
  readonly parameters?: Readonly<Record<string, string>>
  /** How long a token is good for where the issuer does not say (`expires_in`). Default `'5m'`. */
  readonly assumedLifetime?: Duration
}

const OPTIONS = {
  ...COMMON_OPTIONS,
  issuer: true,
  tokenEndpoint: true,
  stytch: true,
  clientId: true,
  clientSecret: true,
  authentication: true,
  privateKey: true,
  keyId: true,
  algorithm: true,
  assertionAudience: true,
  audience: true,
  resource: true,
  scopes: true,
  parameters: true,
  assumedLifetime: true,
} as const

type Own = OwnOptions<TokenSourceOptions>

const WHERE = 'tokenSource'

/**
 * Access tokens by the client credentials grant, at any OAuth 2 issuer or at Stytch. One per audience and scope set,
 * obtained on first use, renewed ahead of its end.
 *
 * ```ts
 * const orders = tokenSource({
 *   issuer: 'https://auth.example.com',
 *   clientId: 'billing',
 *   clientSecret: () => readFile('/run/secrets/billing', 'utf8'),
 *   resource: 'https://orders.internal',
 *   scopes: 'orders:read',
 *   allowedOrigins: 'https://orders.internal',
 * })
 * const response = await orders.fetch('https://orders.internal/orders')
 * ```
 *
 * After a failure the issuer is left alone for 1 s, doubling to 60 s, or as long as its `Retry-After` says (an hour at
 * most). Callers with a good token notice nothing of it, all others get the error at once.
 */
export function tokenSource(options: TokenSourceOptions): TokenSource {
  const own = ownOptions<TokenSourceOptions>(WHERE, options, OPTIONS)
  const places = (['issuer', 'tokenEndpoint', 'stytch'] as const).filter((name) => own[name] !== undefined)
  if (places.length !== 1)
    throw new ConfigurationError(WHERE, 'needs exactly one of issuer, tokenEndpoint and stytch')
  const clock = readClock(WHERE, own)
  const grant = new ClientCredentials({
    endpoint: readEndpoint(own, clock),
    authentication: readAuthentication(own, clock),
    parameters: readParameters(`${WHERE}.parameters`, own.parameters),
    assumedLifetime: durationOr(`${WHERE}.assumedLifetime`, own.assumedLifetime, 300, { min: 1 }),
    deadlineSeconds: readDeadline(WHERE, own),
    fetch: own.fetch,
    clock,
  })
  const audiences = own.stytch === undefined ? ({ audience: true, resource: true } as const) : {}
  const usual = readTokenParameters(WHERE, own)
  return createSource(
    {
      where: WHERE,
      defaults: usual,
      requestOptions: { ...audiences, scopes: true },
      renewNonExpiringAfter: 0,
      grant,
    },
    own,
  )
}

function readEndpoint(own: Own, clock: Clock): ClientCredentialsSettings['endpoint'] {
  const assertionAudience = own.assertionAudience
  if (assertionAudience !== undefined) requiredText(`${WHERE}.assertionAudience`, assertionAudience)
  if (own.issuer !== undefined) {
    const discovered = new DiscoveredEndpoint(secureAddress(`${WHERE}.issuer`, own.issuer), clock)
    return {
      find: async (finding) => {
        const found = await discovered.find(finding)
        return assertionAudience === undefined ? found : { ...found, assertionAudience }
      },
    }
  }
  const url =
    own.stytch === undefined ? secureAddress(`${WHERE}.tokenEndpoint`, own.tokenEndpoint) : stytchUrl(own)
  const known = { url, assertionAudience: assertionAudience ?? url }
  return { find: () => Promise.resolve(known) }
}

function stytchUrl(own: Own): string {
  const where = `${WHERE}.stytch`
  const project = ownOptions<StytchAddressOptions>(where, own.stytch ?? { projectId: '' }, {
    projectId: true,
    apiUrl: true,
    customDomain: true,
  })
  const projectId = requiredText(`${where}.projectId`, project.projectId)
  const authentication = own.authentication ?? 'post'
  if (authentication !== 'post')
    throw new ConfigurationError(`${WHERE}.authentication`, "must be 'post' at Stytch, or left out")
  for (const name of ['audience', 'resource'] as const) {
    if (own[name] === undefined) continue
    throw new ConfigurationError(
      `${WHERE}.${name}`,
      "cannot be chosen at Stytch: it is always the project's id",
    )
  }
  return `${stytchAddress(where, project)}/v1/public/${encodeURIComponent(projectId)}/oauth2/token`
}

function readAuthentication(own: Own, clock: Clock): ClientAuthentication {
  const clientId = requiredText(`${WHERE}.clientId`, own.clientId)
  const method = own.authentication ?? (own.stytch === undefined ? 'basic' : 'post')
  switch (method) {
    case 'basic':
    case 'post':
      refuseAll(
        own,
        ['privateKey', 'keyId', 'algorithm', 'assertionAudience'],
        "is for 'private_key_jwt' only",
      )
      return secretAuthentication(method, clientId, secretReader(`${WHERE}.clientSecret`, own.clientSecret))
    case 'private_key_jwt': {
      refuseAll(own, ['clientSecret'], "is not for 'private_key_jwt': leave it out")
      const wanted = { algorithm: own.algorithm, keyId: own.keyId }
      const parse = (value: unknown): ReturnType<typeof readPrivateKey> =>
        readPrivateKey(WHERE, value, wanted)
      return keyAuthentication(
        clientId,
        credentialReader(`${WHERE}.privateKey`, own.privateKey, parse),
        clock,
      )
    }
    default:
      throw new ConfigurationError(`${WHERE}.authentication`, "must be 'basic', 'post' or 'private_key_jwt'")
  }
}

/** An option that would not be heeded was meant for something. */
function refuseAll(own: Own, names: readonly (keyof TokenSourceOptions)[], problem: string): void {
  const given = names.find((name) => own[name] !== undefined)
  if (given !== undefined) throw new ConfigurationError(`${WHERE}.${given}`, problem)
}
