import { createTransport, type Transport } from '../../http/transport/transport.js'
import type { Clock } from '../../util/clock.js'
import { readOptions } from '../../options/read-options.js'
import {
  described,
  mapped,
  nullable,
  optional,
  type Result,
  type TableOf,
  restricting,
} from '../../options/reader.js'
import { oneOf, record, unchecked } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { nonEmptyString, number, ownMember, records } from '../../util/members.js'
import { duration, type Duration } from '../../options/duration.js'
import { CLERK_API_VERSION, clerkApiUrl } from '../../providers/clerk/api-url.js'
import type { GrantContext, Grant, IssuedToken } from './grant.js'
import { requestIssuer, unreadableResponseError, type IssuerProblem } from './issuer-request.js'
import { secretReader, type CredentialReader, type Secret } from '../../options/secret.js'
import { sourceCredential } from '../authentication/credential.js'
import { createSource } from '../create-source.js'
import { SOURCE_OPTIONS, type CommonTokenSourceOptions } from '../source-options.js'
import type { TokenSource } from '../source.js'
import { NOTHING } from '../token-request.js'
import { readToken } from './token-response.js'
import { TokenSourceError } from '../errors.js'

/** Options of {@link clerkTokenSource}. */
export interface ClerkTokenSourceOptions extends CommonTokenSourceOptions {
  /** Secret key (`ak_…`) of the calling machine. A function is called for every token request. */
  readonly machineSecretKey: Secret
  /**
   * URL of Clerk's Backend API. https, or http on loopback.
   *
   * @defaultValue `'https://api.clerk.com'`
   */
  readonly apiUrl?: string
  /**
   * Format of the tokens. An `'opaque'` token can be revoked, and verifying it needs a call to Clerk. A `'jwt'`
   * cannot be revoked, and is verified with public keys.
   *
   * @defaultValue `'opaque'`
   */
  readonly format?: 'opaque' | 'jwt'
  /**
   * Lifetime of a token in whole seconds, from 10 s to 10 years. `null` never expires. The source then creates
   * another token after a day, and the old one stays valid until it is revoked.
   *
   * @defaultValue `'1h'`
   */
  readonly expiresIn?: Duration | null
  /** Custom claims of the tokens, such as `{ scope: 'orders:read' }`. JSON values only. */
  readonly claims?: Readonly<Record<string, unknown>>
  /**
   * Minimum remaining lifetime of an existing token with the same claims that Clerk may return again, in whole
   * seconds. For many processes that share a machine. Must be less than `expiresIn`; opaque tokens only. It does
   * not apply after an API has refused the token.
   *
   * @defaultValue Clerk creates a new token for every request
   */
  readonly minRemainingTtl?: Duration
}

const WHERE = 'clerkTokenSource'
const DAY = 86_400

/** Readers of {@link ClerkTokenSourceOptions}. */
export const CLERK_TOKEN_SOURCE_OPTIONS = {
  ...SOURCE_OPTIONS,
  machineSecretKey: described(unchecked<Secret>('string, promise or function'), { bounds: 'ak_…' }),
  apiUrl: clerkApiUrl,
  format: oneOf(['opaque', 'jwt'], 'opaque'),
  // Clerk accepts whole seconds only.
  expiresIn: restricting(nullable(mapped(duration({ min: '10s', max: '3650d', default: '1h' }), Math.floor))),
  claims: optional(described(record, { bounds: 'JSON' })),
  minRemainingTtl: optional(described(mapped(duration(), Math.floor), { bounds: 'less than expiresIn' })),
} satisfies TableOf<ClerkTokenSourceOptions>

/**
 * Creates a {@link TokenSource} for a Clerk machine. Tokens are created on first use and renewed before they
 * expire.
 * The machines that accept the tokens are configured at Clerk, so `getToken` takes neither audience nor scopes.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const source = clerkTokenSource({
 *   machineSecretKey: process.env.CLERK_MACHINE_SECRET_KEY!,
 *   allowedOrigins: 'https://orders.internal',
 * })
 * const response = await source.fetch('https://orders.internal/orders')
 * ```
 */
export function clerkTokenSource(options: ClerkTokenSourceOptions): TokenSource {
  const settings = readOptions(WHERE, options, CLERK_TOKEN_SOURCE_OPTIONS)
  const { clock, clockSkew, deadline: deadlineSeconds } = settings
  const { min_remaining_ttl_seconds: minRemaining, ...body } = readBody(settings)
  const transport = createTransport(settings.fetch)
  const grant = new ClerkGrant({
    url: `${settings.apiUrl}/m2m_tokens`,
    key: sourceCredential(secretReader(`${WHERE}.machineSecretKey`, settings.machineSecretKey, keyProblem)),
    newToken: { body: serializeBody(body), isReuseAllowed: false },
    reusable:
      minRemaining === undefined
        ? undefined
        : {
            body: serializeBody({ ...body, min_remaining_ttl_seconds: minRemaining }),
            isReuseAllowed: true,
          },
    requestedLifetime: body.seconds_until_expiration,
    deadlineSeconds,
    transport,
    clock,
    clockSkew,
  })
  return createSource(
    { where: WHERE, defaults: NOTHING, requestOptions: {}, renewNonExpiringAfter: DAY, grant, transport },
    settings,
  )
}

/** Body of Clerk's create request. */
interface CreateBody {
  readonly token_format: 'opaque' | 'jwt'
  readonly seconds_until_expiration: number | null
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly min_remaining_ttl_seconds?: number
}

function readBody(settings: Result<typeof CLERK_TOKEN_SOURCE_OPTIONS>): CreateBody {
  const { format, expiresIn: lifetime, claims = null, minRemainingTtl: minRemaining } = settings
  const body = { token_format: format, seconds_until_expiration: lifetime, claims }
  if (minRemaining === undefined) return body
  const option = `${WHERE}.minRemainingTtl`
  if (format === 'jwt')
    throw new ConfigurationError(option, 'applies to opaque tokens only. Remove it, or set format to opaque')
  if (lifetime !== null && minRemaining >= lifetime)
    throw new ConfigurationError(option, 'must be less than expiresIn')
  return { ...body, min_remaining_ttl_seconds: minRemaining }
}

/** Serialized once, so that a later change of the `claims` object has no effect. */
function serializeBody(body: CreateBody): string {
  try {
    return JSON.stringify(body)
  } catch {
    throw new ConfigurationError(`${WHERE}.claims`, 'must contain JSON values only')
  }
}

/** The message never quotes the value, which may be another secret. */
function keyProblem(key: string): string | undefined {
  return /^ak_[\x21-\x7e]+$/.test(key)
    ? undefined
    : 'must be the secret key of a machine, which starts with ak_ (an instance key, sk_, cannot create tokens)'
}

/** Body of a create request, as JSON. */
interface BodyOfCreate {
  readonly body: string
  /** Whether Clerk may return an existing token. */
  readonly isReuseAllowed: boolean
}

interface CreateRequest extends BodyOfCreate {
  readonly signal: AbortSignal
  readonly tokensIn: GrantContext['tokensIn']
}

interface ClerkSettings {
  readonly url: string
  readonly key: CredentialReader<string>
  /** Creates a token. */
  readonly newToken: BodyOfCreate
  /** Creates a token, or returns an existing one; absent without `minRemainingTtl`. */
  readonly reusable: BodyOfCreate | undefined
  /** Requested lifetime in seconds; `null` never expires. */
  readonly requestedLifetime: number | null
  readonly deadlineSeconds: number
  readonly transport: Transport
  readonly clock: Clock
  readonly clockSkew: number
}

class ClerkGrant implements Grant {
  readonly #settings: ClerkSettings

  constructor(settings: ClerkSettings) {
    this.#settings = settings
  }

  async identify(_: unknown, reading: GrantContext['reading']): Promise<readonly string[]> {
    const { url, key, newToken } = this.#settings
    // The key identifies the machine. A function is called here too, because it may return another key.
    return [WHERE, url, await reading([`${WHERE}.machineSecretKey`], key.read), newToken.body]
  }

  async obtain(
    _: unknown,
    { reading, signal, tokensIn, isFreshRequired }: GrantContext,
  ): Promise<IssuedToken> {
    const { key, newToken, reusable } = this.#settings
    // With `min_remaining_ttl_seconds`, Clerk would return the token again that an API has refused.
    const request = { signal, tokensIn, ...(isFreshRequired ? newToken : (reusable ?? newToken)) }
    const value = await reading([`${WHERE}.machineSecretKey`], key.read)
    try {
      return await this.#create(value, request)
    } catch (error) {
      const isRefused = error instanceof TokenSourceError && error.reason === 'credentials_refused'
      if (!isRefused || !key.isFunction) throw error
      // The key may have been rotated after we read it and before Clerk checked it.
      const currentKey = await reading([`${WHERE}.machineSecretKey`], key.read)
      if (currentKey === value) throw error
      return this.#create(currentKey, request)
    }
  }

  async #create(
    key: string,
    { signal, tokensIn, body, isReuseAllowed }: CreateRequest,
  ): Promise<IssuedToken> {
    const { url, deadlineSeconds, transport, clock } = this.#settings
    const json = await requestIssuer(
      {
        url,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${key}`,
          'clerk-api-version': CLERK_API_VERSION,
        },
        body,
        deadlineSeconds,
        transport,
        signal,
        secrets: [key],
        tokensIn,
        now: clock.now(),
      },
      readProblem,
    )
    const token = nonEmptyString(json, 'token')
    if (token === undefined || ownMember(json, 'object') !== 'machine_to_machine_token')
      throw unreadableResponseError("Clerk's response has no token")
    const lifetime = this.#lifetimeOf(json, isReuseAllowed)
    const createdAt = number(json, 'created_at')
    if (!isReuseAllowed || createdAt === undefined) return { token: readToken(token), lifetime }
    return { token: readToken(token), lifetime, age: Math.max(0, clock.now() - createdAt / 1000) }
  }

  /** Lifetime of a created token in seconds. Clerk's times are milliseconds since the epoch, by Clerk's clock. */
  #lifetimeOf(json: Readonly<Record<string, unknown>>, isReuseAllowed: boolean): number | null {
    const { requestedLifetime, clock, clockSkew } = this.#settings
    if (ownMember(json, 'expiration') === null) return requestedLifetime
    const expiration = number(json, 'expiration')
    const createdAt = number(json, 'created_at')
    if (expiration === undefined)
      throw unreadableResponseError("Clerk's response does not say when the token expires")
    // For a new token, the difference between Clerk's own times does not depend on our clock. A reused token is
    // older than this response.
    const since = !isReuseAllowed && createdAt !== undefined ? createdAt : (clock.now() + clockSkew) * 1000
    const lifetime = (expiration - since) / 1000
    if (lifetime <= 0)
      throw unreadableResponseError("the token in Clerk's response has expired", 'Compare the clocks')
    // Without this bound, times in another unit or `created_at: 0` would extend the lifetime of an expired token.
    return Math.min(lifetime, requestedLifetime ?? Number.POSITIVE_INFINITY)
  }
}

/** `{ errors: [{ code, message, long_message }] }` */
function readProblem(json: Readonly<Record<string, unknown>>): IssuerProblem {
  const [first = {}] = records(json, 'errors') ?? []
  return {
    code: nonEmptyString(first, 'code'),
    message: nonEmptyString(first, 'long_message') ?? nonEmptyString(first, 'message'),
  }
}
