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
import { requestIssuer, unreadable, type IssuerProblem } from './issuer-request.js'
import { secretReader, type CredentialReader, type Secret } from '../authentication/credential.js'
import {
  createSource,
  SOURCE_OPTIONS,
  type CommonTokenSourceOptions,
  type TokenSource,
} from '../create-source.js'
import { NOTHING } from '../token-request.js'
import { readToken } from './token-response.js'
import { TokenSourceError } from '../errors.js'

/** Options of {@link clerkTokenSource}. */
export interface ClerkTokenSourceOptions extends CommonTokenSourceOptions {
  /** The key of the machine that calls (`ak_…`); as a function it is read anew for every token. */
  readonly machineSecretKey: Secret
  /** The Backend API. Default `https://api.clerk.com`. */
  readonly apiUrl?: string
  /** `opaque` tokens can be revoked, each verification of one is a call to Clerk; a `jwt` cannot, and is verified anywhere. Default `'opaque'`. */
  readonly format?: 'opaque' | 'jwt'
  /**
   * How long a token lives, from 10 s to 10 years. `null`: for ever; another is then created after a day all the same,
   * and the old one stays good until somebody revokes it. Default `'1h'`.
   */
  readonly expiresIn?: Duration | null
  /** What the tokens say beside what Clerk writes, such as `{ scope: 'orders:read' }`. */
  readonly claims?: Readonly<Record<string, unknown>>
  /**
   * Lets Clerk give a token again that this machine has already, with the same claims, while it has this long to live:
   * for many processes that share a machine. Less than `expiresIn`, and for opaque tokens only. Default: always a new one.
   */
  readonly minRemainingTtl?: Duration
}

const WHERE = 'clerkTokenSource'
const DAY = 86_400

/** The options of {@link clerkTokenSource}. */
export const CLERK_TOKEN_SOURCE_OPTIONS = {
  ...SOURCE_OPTIONS,
  machineSecretKey: described(unchecked<Secret>('string, promise or function'), { bounds: 'ak_…' }),
  apiUrl: clerkApiUrl,
  format: oneOf(['opaque', 'jwt'], 'opaque'),
  // Clerk takes whole seconds.
  expiresIn: restricting(nullable(mapped(duration({ min: '10s', max: '3650d', default: '1h' }), Math.floor))),
  claims: optional(described(record, { bounds: 'JSON' })),
  minRemainingTtl: optional(described(mapped(duration(), Math.floor), { bounds: 'less than expiresIn' })),
} satisfies TableOf<ClerkTokenSourceOptions>

/**
 * Tokens of a Clerk machine, as {@link TokenSource}: created on first use, renewed ahead of their end. Which machines
 * they may be presented to is what was granted to this machine at Clerk; so a request has neither audience nor scopes.
 *
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
  const { clock, deadline: deadlineSeconds } = settings
  const body = readBody(settings)
  const transport = createTransport(settings.fetch)
  const grant = new ClerkGrant({
    url: `${settings.apiUrl}/m2m_tokens`,
    key: secretReader(`${WHERE}.machineSecretKey`, settings.machineSecretKey, problemOfKey),
    body: serialized(body),
    longestLife: body.seconds_until_expiration,
    mayBeGivenAgain: settings.minRemainingTtl !== undefined,
    deadlineSeconds,
    transport,
    clock,
  })
  return createSource(
    { where: WHERE, defaults: NOTHING, requestOptions: {}, renewNonExpiringAfter: DAY, grant, transport },
    settings,
  )
}

/** The body of Clerk's create call. */
interface CreateBody {
  readonly token_format: 'opaque' | 'jwt'
  readonly seconds_until_expiration: number | null
  readonly claims: Readonly<Record<string, unknown>> | null
  readonly min_remaining_ttl_seconds?: number
}

function readBody(settings: Result<typeof CLERK_TOKEN_SOURCE_OPTIONS>): CreateBody {
  const { format, expiresIn: lifetime, claims = null, minRemainingTtl: remaining } = settings
  const body = { token_format: format, seconds_until_expiration: lifetime, claims }
  if (remaining === undefined) return body
  const option = `${WHERE}.minRemainingTtl`
  if (format === 'jwt') throw new ConfigurationError(option, 'is for opaque tokens only')
  if (lifetime !== null && remaining >= lifetime)
    throw new ConfigurationError(option, 'must be less than expiresIn')
  return { ...body, min_remaining_ttl_seconds: remaining }
}

/** Once and for all: claims that are changed later would make other tokens than those that are kept. */
function serialized(body: CreateBody): string {
  try {
    return JSON.stringify(body)
  } catch {
    throw new ConfigurationError(`${WHERE}.claims`, 'must hold nothing but values of JSON')
  }
}

/** Never says what it was given: it is a secret, if of another kind. */
function problemOfKey(key: string): string | undefined {
  return /^ak_[\x21-\x7e]+$/.test(key)
    ? undefined
    : 'must be the secret key of a machine, which starts with ak_ (an instance key, sk_, creates no tokens)'
}

interface ClerkSettings {
  readonly url: string
  readonly key: CredentialReader<string>
  /** The body of the call, in JSON. */
  readonly body: string
  /** The lifetime asked for, in seconds; `null` for ever. */
  readonly longestLife: number | null
  /** Whether Clerk may answer with a token that is there already. */
  readonly mayBeGivenAgain: boolean
  readonly deadlineSeconds: number
  readonly transport: Transport
  readonly clock: Clock
}

class ClerkGrant implements Grant {
  readonly #settings: ClerkSettings

  constructor(settings: ClerkSettings) {
    this.#settings = settings
  }

  async obtain(_: unknown, { reading, signal }: GrantContext): Promise<IssuedToken> {
    const { key } = this.#settings
    const value = await reading(key.read)
    try {
      return await this.#create(value, signal)
    } catch (error) {
      const isRefused = error instanceof TokenSourceError && error.reason === 'credentials_refused'
      if (!isRefused || !key.isFunction) throw error
      // It may have been rotated between our reading it and Clerk's.
      const another = await reading(key.read)
      if (another === value) throw error
      return this.#create(another, signal)
    }
  }

  async #create(key: string, signal: AbortSignal): Promise<IssuedToken> {
    const { url, body, deadlineSeconds, transport, clock } = this.#settings
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
        now: clock.now(),
      },
      readProblem,
    )
    const token = nonEmptyString(json, 'token')
    if (token === undefined || ownMember(json, 'object') !== 'machine_to_machine_token')
      throw unreadable('Clerk answered without a token')
    return { token: readToken(token), lifetime: this.#lifetimeOf(json) }
  }

  /** Clerk's times are milliseconds since the epoch, by its own clock. */
  #lifetimeOf(json: Readonly<Record<string, unknown>>): number | null {
    const { mayBeGivenAgain, longestLife, clock } = this.#settings
    if (ownMember(json, 'expiration') === null) return longestLife
    const expiration = number(json, 'expiration')
    const createdAt = number(json, 'created_at')
    if (expiration === undefined) throw unreadable('Clerk answered without saying when the token expires')
    // Of a new token the difference of Clerk's own times, whatever our clock says; one given again is older.
    const since = !mayBeGivenAgain && createdAt !== undefined ? createdAt : clock.now() * 1000
    const lifetime = (expiration - since) / 1000
    if (lifetime <= 0) throw unreadable('Clerk answered with a token that has expired', 'Compare the clocks')
    // Times in another unit, or a creation at 0, would make a token live that has long expired.
    return Math.min(lifetime, longestLife ?? Number.POSITIVE_INFINITY)
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
