import { mediaType } from '../../http/media-type.js'
import { requireKnownIssuers } from '../../model/issuer/known-issuers.js'
import { clock } from '../../options/clock.js'
import { duration, type Duration } from '../../options/duration.js'
import { readOptions } from '../../options/read-options.js'
import { optional, restricting, type Result, type TableOf } from '../../options/reader.js'
import { func, nonEmptyString, stringList } from '../../options/readers.js'
import { insecureHosts, secureUrl } from '../../options/url.js'
import { isNonEmptyString, number, ownMember, record, type UntrustedObject } from '../../util/members.js'
import { Deliveries } from './deliveries.js'
import {
  contentType,
  decodeText,
  FeedError,
  invalid,
  readBody,
  requireMethod,
  respondEmpty,
  respondErrors,
  type FeedHandler,
} from './exchange.js'
import { decodeMessage, MessageVerifier, readMessage } from './message-verifier.js'
import {
  cutoffAt,
  faultOf,
  messageError,
  revoker,
  revokeReceived,
  withCutoff,
  type ReceivedTarget,
  type Revoker,
  type ToError,
} from './receiver-options.js'
import { eventsOf, targetsOf, type SecurityEvent } from './set-events.js'

/** Options of {@link setReceiver}. */
export interface SetReceiverOptions {
  /** Transmitter: the exact `iss` of its security event tokens. */
  readonly issuer: string
  /** Accepted `aud` of security event tokens: the identifier of this receiver, or several. */
  readonly audience: string | readonly string[]
  /** URL of the key set of the transmitter. `https:`, or loopback. */
  readonly jwksUri: string
  /** Verifier with the option `revocations`, or the revocations of a process without a verifier. */
  readonly verifier: Revoker
  /**
   * Issuers whose tokens the transmitter may revoke: the `iss` of the tokens. The verifier must have them. A subject of another issuer
   * is refused. An opaque token states no issuer, so that a transmitter may revoke one that it has.
   *
   * @defaultValue `[issuer]`
   */
  readonly tokenIssuers?: readonly string[]
  /**
   * Returns what an event revokes, in place of the default. `undefined` leaves the event to the default, and `[]` ignores it. A cutoff
   * without `before` refuses tokens that were issued before the time of the event. If it throws, the error is passed to
   * the server. For an invalid target the transmitter gets 500, and a process warning names it.
   *
   * @defaultValue none
   */
  readonly targets?: (event: SecurityEvent) => readonly ReceivedTarget[] | undefined
  /**
   * Maximum difference between the clocks of the transmitter and this process, up to `'60s'`.
   *
   * @defaultValue `'5s'`
   */
  readonly clockTolerance?: Duration
  /**
   * Hosts at which the key set is fetched over plain http.
   *
   * @defaultValue none
   */
  readonly insecureHosts?: readonly string[]
  /**
   * Custom `fetch` for the key set, such as for a proxy.
   *
   * @defaultValue the connections of this package
   */
  readonly fetch?: typeof fetch
  /**
   * Clock for tests: returns the time in milliseconds since the epoch.
   *
   * @defaultValue the clocks of the system
   */
  readonly clock?: () => number
}

/** Readers of {@link SetReceiverOptions}. */
export const SET_RECEIVER_OPTIONS = {
  issuer: nonEmptyString,
  audience: stringList,
  insecureHosts,
  jwksUri: secureUrl,
  verifier: revoker,
  tokenIssuers: restricting(optional(stringList)),
  targets: restricting(optional(func<NonNullable<SetReceiverOptions['targets']>>())),
  clockTolerance: duration({ max: '60s', default: '5s' }),
  fetch: optional(func<typeof fetch>()),
  clock,
} satisfies TableOf<SetReceiverOptions>

type Settings = Result<typeof SET_RECEIVER_OPTIONS>

/** A security event token with a valid signature. */
interface ReceivedSet {
  readonly id: string
  readonly events: readonly SecurityEvent[]
}

/**
 * Creates a receiver of security event tokens (RFC 8417) by push (RFC 8935), which revokes what their events are about. It
 * needs no guard: the signature of the transmitter authenticates the request.
 *
 * Events of CAEP (`session-revoked`, `token-claims-change`, `credential-change`), RISC and the OAuth event types revoke a token
 * (`jwt_id`), a subject (`iss_sub`) or a client. Other events are accepted and have no effect. The response is 202 once the
 * revocation is stored. A repeated `jti` is acknowledged and not processed again.
 *
 * @returns a handler from `Request` to `Response`. `revocationFeed()` of an adapter serves it in Express, Koa or Fastify.
 * @throws ConfigurationError that names the option that is missing, invalid or unknown, also if the transmitter may revoke tokens of
 *   an issuer that the verifier does not have.
 *
 * @example
 * ```ts
 * const receiveEvents = setReceiver({
 *   issuer: 'https://transmitter.example.com',
 *   audience: 'https://orders.internal',
 *   jwksUri: 'https://transmitter.example.com/jwks.json',
 *   tokenIssuers: [issuer],
 *   verifier,
 * })
 * ```
 */
export function setReceiver(options: SetReceiverOptions): FeedHandler {
  const settings = readOptions('setReceiver', options, SET_RECEIVER_OPTIONS)
  requireIssuers(settings)
  const verifier = new MessageVerifier(settings)
  const deliveries = new Deliveries()
  const errors: Errors = {
    ofMapping: faultOf('setReceiver.targets'),
    ofEvent: messageError(
      'setReceiver.tokenIssuers',
      'the subject identifies nothing that this receiver can revoke',
    ),
  }
  return respondErrors('err', 'description', async function receiveSet(request) {
    requireMethod(request, ['POST'])
    const { id, events } = await readSet(request, settings, verifier)
    await deliveries.once(id, () => revokeAll(events, settings, errors))
    return respondEmpty(202)
  })
}

/** @throws ConfigurationError if the transmitter may revoke tokens of an issuer that the verifier does not have. */
function requireIssuers({ issuer, tokenIssuers, targets, verifier }: Settings): void {
  const option = 'setReceiver.tokenIssuers'
  if (tokenIssuers !== undefined) requireKnownIssuers(option, verifier, tokenIssuers)
  // A function may map events of such a transmitter to other issuers.
  else if (targets === undefined)
    requireKnownIssuers(option, verifier, [issuer], 'is required, because the transmitter ')
}

async function readSet(
  request: Request,
  settings: Settings,
  verifier: MessageVerifier,
): Promise<ReceivedSet> {
  const { issuer, audience, clockTolerance, clock } = settings
  if (mediaType(contentType(request)) !== 'secevent+jwt')
    throw invalid('Content-Type must be application/secevent+jwt')
  const message = decodeText(await readBody(request)).trim()
  const decoded = readMessage(message)
  const { header, claims } = decoded
  if (mediaType(ownMember(header, 'typ')) !== 'secevent+jwt') throw invalid('typ must be secevent+jwt')
  if (ownMember(claims, 'iss') !== issuer) throw new FeedError(400, 'invalid_issuer', 'iss is not accepted')
  if (!isFor(claims, audience)) throw new FeedError(400, 'invalid_audience', 'aud is not accepted')
  if (!(await verifier.isSigned(message, decoded)))
    throw new FeedError(400, 'invalid_key', 'the token is not signed with a published key of the issuer')
  const [id, issuedAt] = [ownMember(claims, 'jti'), number(claims, 'iat')]
  if (!isNonEmptyString(id)) throw invalid('jti must be a non-empty string')
  if (issuedAt === undefined || issuedAt > clock.now() + clockTolerance)
    throw invalid('iat must be a number of seconds that is not in the future')
  // Both would make the token look like an access token or an ID token (SSF 1.0 sections 4.1.3 and 4.1.7).
  const forbidden = ['sub', 'exp'].find((name) => ownMember(claims, name) !== undefined)
  if (forbidden !== undefined) throw invalid(`${forbidden} must be absent. The subject is in sub_id`)
  if (Object.keys(record(claims, 'events') ?? {}).length === 0) throw invalid('events must have an event')
  return { id, events: eventsOf(claims, issuer, id, issuedAt) }
}

function isFor(claims: UntrustedObject, accepted: readonly string[]): boolean {
  const audience = ownMember(claims, 'aud')
  return [audience].flat().some((one) => typeof one === 'string' && accepted.includes(one))
}

/** Converts errors about invalid targets: those that the option `targets` has returned, and those of events. */
interface Errors {
  readonly ofMapping: ToError
  readonly ofEvent: ToError
}

/** Revokes what events are about. All targets are found before the first one is revoked. */
async function revokeAll(
  events: readonly SecurityEvent[],
  settings: Settings,
  errors: Errors,
): Promise<void> {
  const { issuer, verifier, tokenIssuers = [issuer], clock, clockTolerance } = settings
  const found: { readonly targets: readonly ReceivedTarget[]; readonly toError: ToError }[] = []
  for (const event of events) {
    const mapped = settings.targets?.(event)
    const targets = mapped ?? targetsOf(event)
    const cutoff = (): number | undefined => cutoffAt(event.time, clock.now(), clockTolerance)
    if (mapped === undefined) {
      // Refuses an event in the future, whatever its target is.
      cutoff()
      if (!targets.every((target) => isAbout(target, tokenIssuers)))
        throw invalid('the transmitter may not revoke tokens of this issuer')
    }
    found.push({
      targets: targets.map((target) => withCutoff(target, cutoff)),
      toError: mapped === undefined ? errors.ofEvent : errors.ofMapping,
    })
  }
  for (const { targets, toError } of found) await revokeReceived(verifier, targets, toError)
}

/** Whether a target is about tokens of certain issuers. An opaque token states none. */
function isAbout(target: ReceivedTarget, issuers: readonly string[]): boolean {
  if (!('token' in target)) return issuers.includes(target.issuer)
  const decoded = decodeMessage(target.token)
  if (decoded === undefined) return true
  const issuer = ownMember(decoded.claims, 'iss')
  return typeof issuer === 'string' && issuers.includes(issuer)
}
