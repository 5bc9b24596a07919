import { createTransport } from '../http/transport/transport.js'
import { nested, readOptions } from '../options/read-options.js'
import {
  custom,
  described,
  optional,
  withDefault,
  type Result,
  type TableOf,
  restricting,
} from '../options/reader.js'
import { nonEmptyString, oneOf, unchecked } from '../options/readers.js'
import { issuerUrl, secureUrl } from '../options/url.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { duration, type Duration } from '../options/duration.js'
import {
  STYTCH_ADDRESS_OPTIONS,
  stytchApiUrl,
  type StytchAddressOptions,
} from '../providers/stytch/api-url.js'
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
  createSource,
  SOURCE_OPTIONS,
  type CommonTokenSourceOptions,
  type TokenSource,
} from './create-source.js'
import { DiscoveredEndpoint } from './grants/token-endpoint.js'
import { TOKEN_REQUEST_OPTIONS, tokenParameters, type TokenRequestOptions } from './token-request.js'

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

const WHERE = 'tokenSource'

/** The options of {@link tokenSource}. */
export const TOKEN_SOURCE_OPTIONS = {
  ...SOURCE_OPTIONS,
  ...TOKEN_REQUEST_OPTIONS,
  issuer: optional(issuerUrl),
  tokenEndpoint: optional(secureUrl),
  stytch: optional(nested('{ projectId, apiUrl?, customDomain? }', STYTCH_ADDRESS_OPTIONS)),
  clientId: nonEmptyString,
  // Which of the following are required depends on `authentication`: see readAuthentication.
  clientSecret: unchecked<Secret>('string, promise or function'),
  authentication: optional(oneOf(['basic', 'post', 'private_key_jwt'])),
  privateKey: unchecked<PrivateKey>('PEM, JWK, KeyObject, promise or function'),
  keyId: optional(nonEmptyString),
  algorithm: optional(described(nonEmptyString, { bounds: 'asymmetric' })),
  assertionAudience: optional(nonEmptyString),
  parameters: restricting(withDefault(custom('object of strings', readParameters), {})),
  assumedLifetime: duration({ min: '1s', default: '5m' }),
} satisfies TableOf<TokenSourceOptions>

type Settings = Result<typeof TOKEN_SOURCE_OPTIONS>

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
  const settings = readOptions(WHERE, options, TOKEN_SOURCE_OPTIONS)
  const places = (['issuer', 'tokenEndpoint', 'stytch'] as const).filter(
    (name) => settings[name] !== undefined,
  )
  if (places.length !== 1)
    throw new ConfigurationError(WHERE, 'needs exactly one of issuer, tokenEndpoint and stytch')
  const transport = createTransport(settings.fetch)
  const grant = new ClientCredentials({
    endpoint: readEndpoint(settings),
    authentication: readAuthentication(settings),
    parameters: settings.parameters,
    assumedLifetime: settings.assumedLifetime,
    deadlineSeconds: settings.deadline,
    transport,
    clock: settings.clock,
  })
  const requestOptions =
    settings.stytch === undefined ? TOKEN_REQUEST_OPTIONS : { scopes: TOKEN_REQUEST_OPTIONS.scopes }
  return createSource(
    {
      where: WHERE,
      defaults: tokenParameters(settings),
      requestOptions,
      renewNonExpiringAfter: 0,
      grant,
      transport,
    },
    settings,
  )
}

function readEndpoint(settings: Settings): ClientCredentialsSettings['endpoint'] {
  const { assertionAudience, clock } = settings
  if (settings.issuer !== undefined) {
    const discovered = new DiscoveredEndpoint(settings.issuer, clock)
    return {
      find: async (finding) => {
        const found = await discovered.find(finding)
        return assertionAudience === undefined ? found : { ...found, assertionAudience }
      },
    }
  }
  const url = settings.stytch === undefined ? settings.tokenEndpoint : stytchUrl(settings, settings.stytch)
  if (url === undefined) throw new ConfigurationError(`${WHERE}.tokenEndpoint`, 'is required')
  const known = { url, assertionAudience: assertionAudience ?? url }
  return { find: () => Promise.resolve(known) }
}

function stytchUrl(settings: Settings, project: NonNullable<Settings['stytch']>): string {
  if (settings.authentication !== undefined && settings.authentication !== 'post')
    throw new ConfigurationError(`${WHERE}.authentication`, "must be 'post' at Stytch, or left out")
  for (const name of ['audience', 'resource'] as const) {
    if (settings[name] === undefined) continue
    throw new ConfigurationError(
      `${WHERE}.${name}`,
      "cannot be chosen at Stytch: it is always the project's id",
    )
  }
  return `${stytchApiUrl(project)}/v1/public/${encodeURIComponent(project.projectId)}/oauth2/token`
}

function readAuthentication(settings: Settings): ClientAuthentication {
  const { clientId, clock } = settings
  const method = settings.authentication ?? (settings.stytch === undefined ? 'basic' : 'post')
  switch (method) {
    case 'basic':
    case 'post':
      refuseAll(
        settings,
        ['privateKey', 'keyId', 'algorithm', 'assertionAudience'],
        "is for 'private_key_jwt' only",
      )
      return secretAuthentication(
        method,
        clientId,
        secretReader(`${WHERE}.clientSecret`, settings.clientSecret),
      )
    case 'private_key_jwt': {
      refuseAll(settings, ['clientSecret'], "is not for 'private_key_jwt': leave it out")
      const keyOptions = { algorithm: settings.algorithm, keyId: settings.keyId }
      const parse = (value: unknown): ReturnType<typeof readPrivateKey> =>
        readPrivateKey(WHERE, value, keyOptions)
      return keyAuthentication(
        clientId,
        credentialReader(`${WHERE}.privateKey`, settings.privateKey, parse),
        clock,
      )
    }
  }
}

/** An option that would not be heeded was meant for something. */
function refuseAll(settings: Settings, names: readonly (keyof Settings)[], problem: string): void {
  const unsupported = names.find((name) => settings[name] !== undefined)
  if (unsupported !== undefined) throw new ConfigurationError(`${WHERE}.${unsupported}`, problem)
}
