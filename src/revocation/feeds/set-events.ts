import {
  isRecord,
  nonEmptyString,
  number,
  ownMember,
  record,
  string,
  type UntrustedObject,
} from '../../util/members.js'
import type { ReceivedTarget } from './receiver-options.js'
import { invalid } from './exchange.js'

/** An event of a security event token (RFC 8417 section 1.2). */
export interface SecurityEvent {
  /** URI of the event type. */
  readonly type: string
  /** Members of the event. */
  readonly payload: Readonly<Record<string, unknown>>
  /** Subject of the event: `sub_id` (RFC 9493), or `subject` of the event in older profiles. `undefined` without one. */
  readonly subject?: Readonly<Record<string, unknown>>
  /** `iss` of the token that contained the event. */
  readonly issuer: string
  /** `jti` of the token that contained the event. */
  readonly id: string
  /** Time of the event, in seconds since the epoch: `event_timestamp`, `toe` or `iat`. */
  readonly time: number
}

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/'
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/'
const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type/'

/** What the subject of an event identifies, by event type. All other types are accepted and have no effect. */
const EFFECTS: ReadonlyMap<string, 'subject' | 'client'> = new Map([
  [`${CAEP}session-revoked`, 'subject'],
  [`${CAEP}token-claims-change`, 'subject'],
  [`${CAEP}credential-change`, 'subject'],
  [`${RISC}account-disabled`, 'subject'],
  [`${RISC}account-purged`, 'subject'],
  [`${RISC}account-credential-change-required`, 'subject'],
  [`${RISC}credential-compromise`, 'subject'],
  [`${RISC}sessions-revoked`, 'subject'],
  [`${OAUTH}token-revoked`, 'subject'],
  [`${OAUTH}tokens-revoked`, 'subject'],
  [`${OAUTH}client-disabled`, 'client'],
  [`${OAUTH}client-credential-changed`, 'client'],
])

/** Changes of a credential after which tokens that were obtained with it must not be used (CAEP 1.0 section 3.3). */
const ENDING_CHANGES: ReadonlySet<unknown> = new Set(['revoke', 'delete'])

/** Reads the events of the claims of a security event token. */
export function eventsOf(
  claims: UntrustedObject,
  issuer: string,
  id: string,
  issuedAt: number,
): readonly SecurityEvent[] {
  const events = record(claims, 'events') ?? {}
  return Object.entries(events).map(([type, value]) => {
    const payload = isRecord(value) ? value : {}
    const subject = record(claims, 'sub_id') ?? record(payload, 'subject')
    const time = number(payload, 'event_timestamp') ?? number(claims, 'toe') ?? issuedAt
    return { type, payload, ...(subject === undefined ? {} : { subject }), issuer, id, time }
  })
}

/**
 * Returns what an event revokes; nothing for an event of another type.
 *
 * @throws FeedError if the event revokes, and its subject identifies neither a token, a client nor a subject.
 */
export function targetsOf(event: SecurityEvent): readonly ReceivedTarget[] {
  const { type, payload, subject } = event
  const effect = EFFECTS.get(type)
  if (effect === undefined) return []
  if (type === `${CAEP}credential-change` && !ENDING_CHANGES.has(ownMember(payload, 'change_type'))) return []
  const target = subject === undefined ? undefined : targetOf(subject, event.issuer, effect)
  if (target === undefined)
    throw invalid('the subject must have the format jwt_id or iss_sub, or name a client_id')
  return [{ ...target, reason: `security event ${type.slice(type.lastIndexOf('/') + 1)}` }]
}

function targetOf(
  subject: UntrustedObject,
  eventIssuer: string,
  effect: 'subject' | 'client',
): ReceivedTarget | undefined {
  const format = (string(subject, 'format') ?? string(subject, 'subject_type') ?? '').replaceAll('-', '_')
  const issuer = nonEmptyString(subject, 'iss') ?? eventIssuer
  const [sub, tokenId] = [nonEmptyString(subject, 'sub'), nonEmptyString(subject, 'jti')]
  if (format === 'jwt_id' && tokenId !== undefined) return { issuer, tokenId }
  const clientId = nonEmptyString(subject, 'client_id') ?? (effect === 'client' ? sub : undefined)
  if (format !== 'complex' && clientId !== undefined) return { issuer, clientId }
  if (format === 'iss_sub' && sub !== undefined) return { issuer, subject: sub }
  const token = nonEmptyString(subject, 'token')
  return format === 'oauth_token' && token !== undefined && isPlain(subject) ? { token } : undefined
}

/** Whether a subject contains the token itself and not a part or a digest of it. */
function isPlain(subject: UntrustedObject): boolean {
  return (
    ownMember(subject, 'token_identifier_alg') === undefined ||
    string(subject, 'token_identifier_alg') === 'plain'
  )
}
