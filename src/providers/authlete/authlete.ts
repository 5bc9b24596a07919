import type { TokenFacts } from '../../model/access-token.js'
import type { Claims } from '../../model/claims.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type Result, type TableOf, restricting } from '../../options/reader.js'
import * as readers from '../../options/readers.js'
import { issuerUrlWithoutQuery, secureUrl, urlWithoutQuery } from '../../options/url.js'
import {
  isNonEmptyString,
  isRecord,
  isStringList,
  nonEmptyString,
  ownMember,
  secondsFromMilliseconds,
} from '../../util/members.js'
import { MAX_SCOPES } from '../../model/scopes.js'
import { authleteServiceUrl } from './api-url.js'
import { statusFault } from '../../introspection/rfc7662.js'
import { audience, commonOptions, type CommonIssuerOptions } from '../common-options.js'
import type {
  ConfirmationResult,
  Issuer,
  JwtProfile,
  KeySource,
  RemoteResponse,
  RemoteProfile,
  RemoteResult,
} from '../../model/issuer.js'
import { jwtProfile } from '../jwt-access-token.js'
import { narrowToPayload } from '../narrow-to-payload.js'

/** Options of {@link authlete}. */
export interface AuthleteOptions extends CommonIssuerOptions {
  /** The service's id. */
  readonly serviceId: string
  /** A service access token; never the organization's, which opens every service. */
  readonly serviceAccessToken: string
  /** The region's address: a service lives in one only, so there is no default. `https://us.authlete.com`, for example. */
  readonly apiUrl: string
  /** The authorization server's issuer identifier: its JWT access tokens are then checked locally, with `audience` required. */
  readonly issuer?: string
  /** The key set's address, for local checks. Default: discovered from `issuer`. */
  readonly jwksUri?: string
  /**
   * The audience this API goes by: one of the token's resources (RFC 8707) must be among these. Without
   * it, or with `null`, any token of the service passes this check.
   */
  readonly audience?: string | readonly string[] | null
}

/** The options of {@link authlete}. */
export const AUTHLETE_OPTIONS = {
  ...commonOptions(),
  serviceId: readers.nonEmptyString,
  serviceAccessToken: readers.nonEmptyString,
  apiUrl: urlWithoutQuery,
  issuer: restricting(optional(issuerUrlWithoutQuery)),
  jwksUri: restricting(optional(secureUrl)),
  audience: restricting(optional(audience)),
} satisfies TableOf<AuthleteOptions>

type AuthleteSettings = Result<typeof AUTHLETE_OPTIONS>

/**
 * Tokens of an authorization server built on Authlete: opaque ones through Authlete's introspection, JWTs
 * locally where `issuer` is given and otherwise through introspection as well.
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
 */
export function authlete(options: AuthleteOptions): Issuer {
  const own = readOptions('authlete', options, AUTHLETE_OPTIONS)
  const jwt = localProfile(own)
  // JWTs are checked locally then, and Authlete is not asked whom they are for.
  if (jwt !== undefined) audience.read('authlete.audience', own.audience)
  return Object.freeze({
    name: own.issuer ?? `authlete:${own.serviceId}`,
    provider: 'authlete',
    audience: own.audience ?? null,
    scopeMatcher: own.scopeMatching,
    ...(jwt === undefined ? {} : { jwt }),
    opaque: { prefix: null },
    remote: introspectionProfile(own),
    ...(own.fetch === undefined ? {} : { fetch: own.fetch }),
  } satisfies Issuer)
}

function localProfile(own: AuthleteSettings): JwtProfile | undefined {
  const { issuer, jwksUri, keys: options } = own
  if (issuer === undefined) {
    if (jwksUri !== undefined) urlWithoutQuery.read('authlete.issuer', issuer)
    return undefined
  }
  const keys: KeySource =
    jwksUri === undefined ? { kind: 'discovery', issuer, options } : { kind: 'remote', url: jwksUri, options }
  return jwtProfile(issuer, keys, own, false)
}

function introspectionProfile(own: AuthleteSettings): RemoteProfile {
  const { apiUrl, serviceId, serviceAccessToken } = own
  return {
    endpoint: `${authleteServiceUrl('authlete', apiUrl, serviceId)}/auth/introspection`,
    options: own.remote,
    request: (token) => ({
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${serviceAccessToken}`,
        'content-type': 'application/json',
      },
      // Without scopes: the answer is then a fact about the token and serves every route.
      body: JSON.stringify({ token }),
    }),
    read: (response, token) => {
      const result = readAction(response)
      return narrowToPayload(result, token, isRecord(response.json) ? clientIdsIn(response.json) : [])
    },
    readConfirmation,
  }
}

/** Reads Authlete's answer: 200 for every verdict, and the verdict in `action`. */
function readAction({ status, json }: RemoteResponse): RemoteResult {
  if (status !== 200) return statusFault(status)
  if (!isRecord(json)) return { fault: 'issuer_unavailable', detail: 'the answer is no JSON object' }
  switch (ownMember(json, 'action')) {
    case 'OK':
      return readUsable(json)
    case 'UNAUTHORIZED':
    case 'FORBIDDEN':
      return { active: false, reason: 'token_inactive', detail: 'Authlete does not accept the token' }
    case 'BAD_REQUEST':
      return { fault: 'issuer_refused_us', detail: 'Authlete says our request is wrong' }
    default:
      return { fault: 'issuer_unavailable', detail: 'Authlete failed, or answered with an unknown action' }
  }
}

function readUsable(json: Claims): RemoteResult {
  if (ownMember(json, 'existent') !== true || ownMember(json, 'usable') !== true) {
    return { active: false, reason: 'token_inactive', detail: 'Authlete does not say existent and usable' }
  }
  if (nonEmptyString(json, 'certificateThumbprint') !== undefined) {
    return { active: false, reason: 'proof_missing', detail: 'the token is bound to a client certificate' }
  }
  if (ownMember(json, 'responseSigningRequired') === true) {
    return { active: false, reason: 'claim_invalid', detail: 'the service requires responses to be signed' }
  }
  const clientId = readClientId(json)
  if (clientId === UNREADABLE) {
    return {
      fault: 'issuer_unavailable',
      detail: 'the answer names the client in a form that cannot be read',
    }
  }
  const subject = ownMember(json, 'subject') ?? clientId
  const scopes = ownMember(json, 'scopes') ?? []
  const resources = ownMember(json, 'accessTokenResources') ?? []
  const expiresAt = secondsFromMilliseconds(json, 'expiresAt') ?? 0
  if (!isNonEmptyString(subject) || !isStringList(scopes) || !isStringList(resources) || expiresAt <= 0) {
    return { fault: 'issuer_unavailable', detail: 'the response does not describe an access token' }
  }
  if (scopes.length > MAX_SCOPES) {
    return { active: false, reason: 'claim_invalid', detail: `the token has more than ${MAX_SCOPES} scopes` }
  }
  const facts: TokenFacts = {
    subject,
    clientId,
    scopes,
    audience: resources,
    expiresAt,
    claims: factsIn(json),
  }
  return { active: true, facts }
}

/** Reads a response about a JWT that is verified already. */
function readConfirmation(response: RemoteResponse): ConfirmationResult {
  const result = readAction(response)
  if ('fault' in result || !result.active || !isRecord(response.json)) return result
  const { json } = response
  const { scopes, audience, expiresAt, claims } = result.facts
  const ids = clientIdsIn(json)
  const subject = nonEmptyString(json, 'subject')
  return {
    active: true,
    facts: {
      claims,
      expiresAt,
      ...(ids.length === 0 ? {} : { clientId: ids }),
      ...(subject === undefined ? {} : { subject }),
      // Null is how Authlete says that a token has no scopes: taken as absent, it would leave a JWT those it states.
      ...(ownMember(json, 'scopes') === undefined ? {} : { scopes }),
      ...(audience.length === 0 ? {} : { audience }),
    },
  }
}

/** The ids of the client. A JWT may name it by either. */
function clientIdsIn(json: Claims): readonly string[] {
  return [readNumber(json), nonEmptyString(json, 'clientIdAlias')].filter((id) => typeof id === 'string')
}

/** There is a client, and its id is not valid: policies must not take the subject for it. */
const UNREADABLE = Symbol('unreadable')

/** The id the client used: its alias where that is the one, else its number. */
function readClientId(json: Claims): string | undefined | typeof UNREADABLE {
  if (ownMember(json, 'clientIdAliasUsed') === true)
    return nonEmptyString(json, 'clientIdAlias') ?? UNREADABLE
  return readNumber(json)
}

/** The number of the client, as a string. */
function readNumber(json: Claims): string | undefined | typeof UNREADABLE {
  const id = ownMember(json, 'clientId') ?? undefined
  if (id === undefined) return undefined
  // Beyond the safe range two clients would share one number.
  return typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : UNREADABLE
}

/** Members that are instructions to us or diagnostics, not facts about the token. */
const NOT_FACTS = new Set(['action', 'responseContent', 'resultCode', 'resultMessage', 'dpopNonce'])

function factsIn(json: Claims): Claims {
  return Object.fromEntries(Object.entries(json).filter(([name]) => !NOT_FACTS.has(name)))
}
