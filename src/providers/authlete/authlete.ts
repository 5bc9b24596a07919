import type { TokenFacts } from '../../model/access-token.js'
import type { Claims } from '../../model/claims.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type Result, type TableOf, restricting } from '../../options/reader.js'
import * as readers from '../../options/readers.js'
import { secretOption, secretReader, type Secret } from '../../options/secret.js'
import { discoveryIssuer, issuerIdentifier, secureUrl, urlWithoutQuery } from '../../options/url.js'
import {
  isNonEmptyString,
  isRecord,
  isStringList,
  nonEmptyString,
  ownMember,
  secondsFromMilliseconds,
} from '../../util/members.js'
import type { VerificationFailure } from '../../model/refusal/refusal.js'
import { phrase, typeOf } from '../../util/quote.js'
import { MAX_SCOPES } from '../../model/scopes.js'
import { authleteServiceUrl } from './api-url.js'
import { statusFault } from '../../introspection/rfc7662.js'
import {
  assertNoHeaders,
  audience,
  commonOptions,
  connectionOf,
  keyRequests,
  type CommonIssuerOptions,
} from '../common-options.js'
import { failureOf } from '../../model/detail/explain.js'
import { requestWith } from '../request-with.js'
import type { Issuer, JwtProfile, KeySource } from '../../model/issuer/issuer.js'
import type {
  ConfirmationResult,
  RemoteResponse,
  RemoteProfile,
  RemoteResult,
} from '../../model/issuer/remote-profile.js'
import { withClaimRules } from '../claim-rules.js'
import { jwtProfile } from '../jwt-access-token.js'
import { narrowToPayload } from '../narrow-to-payload.js'

/** Options of {@link authlete}. */
export interface AuthleteOptions extends CommonIssuerOptions {
  /** Id of the service. */
  readonly serviceId: string
  /**
   * Service access token. Do not use an organization access token, because it gives access to every service.
   *
   * The result of a function is cached. The function is called again when Authlete rejects the token, at most once per
   * `remote.breakerPause`.
   */
  readonly serviceAccessToken: Secret
  /**
   * Base URL of the region's API, such as `https://us.authlete.com`, without a query. It has no default, because a service
   * exists in one region only.
   */
  readonly apiUrl: string
  /**
   * Issuer identifier of the authorization server (RFC 8414 section 2). With it JWTs are verified locally, and `audience`
   * is required. With `jwksUri` it may be any string, otherwise it is the URL for discovery.
   *
   * @defaultValue JWTs are introspected
   */
  readonly issuer?: string
  /**
   * URL of the key set for local verification. Requires `issuer`. https, or http on loopback.
   *
   * @defaultValue `jwks_uri` of the discovery document of `issuer`
   */
  readonly jwksUri?: string
  /**
   * Audiences that identify this API: one of the token's resources (RFC 8707) must be among them. `null` disables the check.
   *
   * @defaultValue `null`; required if `issuer` is set
   */
  readonly audience?: string | readonly string[] | null
}

/** Readers of the options of {@link authlete}. */
export const AUTHLETE_OPTIONS = {
  ...commonOptions(),
  serviceId: readers.nonEmptyString,
  serviceAccessToken: secretOption,
  apiUrl: urlWithoutQuery,
  issuer: restricting(optional(issuerIdentifier)),
  jwksUri: restricting(optional(secureUrl)),
  audience: restricting(optional(audience)),
} satisfies TableOf<AuthleteOptions>

type AuthleteSettings = Result<typeof AUTHLETE_OPTIONS>

/**
 * Creates an issuer for an authorization server built on Authlete. Opaque tokens are introspected at Authlete's API. JWTs are
 * verified locally if `issuer` is set, and introspected otherwise.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [
 *     authlete({
 *       serviceId: '21653835348762',
 *       serviceAccessToken: process.env.AUTHLETE_SERVICE_ACCESS_TOKEN!,
 *       apiUrl: 'https://us.authlete.com',
 *       audience: 'https://orders.internal',
 *     }),
 *   ],
 * })
 * ```
 */
export function authlete(options: AuthleteOptions): Issuer {
  const settings = readOptions('authlete', options, AUTHLETE_OPTIONS)
  const jwt = localProfile(settings)
  // A JWT that is verified locally must be checked for its audience, because Authlete does not check it.
  if (jwt !== undefined) audience.read('authlete.audience', settings.audience)
  return withClaimRules(settings.claims, {
    name: settings.issuer ?? `authlete:${settings.serviceId}`,
    provider: 'authlete',
    audience: settings.audience ?? null,
    scopeMatcher: settings.scopeMatching,
    ...(jwt === undefined ? {} : { jwt }),
    opaque: { prefix: null },
    remote: introspectionProfile(settings),
    ...connectionOf(settings),
  })
}

function localProfile(settings: AuthleteSettings): JwtProfile | undefined {
  const { issuer, jwksUri } = settings
  if (issuer === undefined) {
    if (jwksUri !== undefined) issuerIdentifier.read('authlete.issuer', issuer)
    assertNoHeaders('authlete', 'JWTs that are introspected, because issuer is absent', settings.keys)
    return undefined
  }
  const requests = keyRequests(settings.keys)
  if (jwksUri === undefined) discoveryIssuer('authlete.issuer', issuer, 'jwksUri', settings)
  const keys: KeySource =
    jwksUri === undefined
      ? { kind: 'discovery', issuer, ...requests }
      : { kind: 'remote', url: jwksUri, ...requests }
  return jwtProfile(issuer, keys, settings, false)
}

function introspectionProfile(settings: AuthleteSettings): RemoteProfile {
  const { apiUrl, serviceId } = settings
  const accessToken = secretReader('authlete.serviceAccessToken', settings.serviceAccessToken)
  return {
    endpoint: `${authleteServiceUrl('authlete', apiUrl, serviceId)}/auth/introspection`,
    options: settings.remote,
    caller: serviceId,
    ...requestWith(accessToken, (token, serviceAccessToken) => ({
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${serviceAccessToken}`,
        'content-type': 'application/json',
      },
      // Without `scopes`, so that the result does not depend on a route and one cached result serves all routes.
      body: JSON.stringify({ token }),
    })),
    read: (response, token) => {
      const result = readAction(response)
      const clientIds = isRecord(response.json) ? clientIdsIn(response.json) : []
      return narrowToPayload(result, token, clientIds, {
        clientClaims: settings.clientClaims,
        audience: settings.audience ?? null,
      })
    },
    readConfirmation,
  }
}

/** Reads a response of Authlete. Its status is 200 for every decision, and `action` contains the decision. */
function readAction({ status, json }: RemoteResponse): RemoteResult {
  if (status !== 200) return statusFault(status)
  if (!isRecord(json)) return { fault: 'issuer_unavailable', detail: 'the response is not a JSON object' }
  switch (ownMember(json, 'action')) {
    case 'OK':
      return readUsable(json)
    case 'UNAUTHORIZED':
    case 'FORBIDDEN':
      return {
        active: false,
        ...failureOf('token_inactive', 'action', { action: ownMember(json, 'action') }),
      }
    case 'BAD_REQUEST':
      return { fault: 'issuer_refused_us', detail: 'Authlete rejects our request (BAD_REQUEST)' }
    default:
      return { fault: 'issuer_unavailable', detail: 'Authlete failed, or its response has an unknown action' }
  }
}

function readUsable(json: Claims): RemoteResult {
  if (ownMember(json, 'existent') !== true || ownMember(json, 'usable') !== true) {
    return { active: false, ...failureOf('token_inactive', 'unusable', {}) }
  }
  const failure = requirementFailure(json)
  if (failure !== undefined) return { active: false, ...failure }
  const clientId = readClientId(json)
  if (clientId === UNREADABLE) {
    return {
      fault: 'issuer_unavailable',
      detail: 'the client id in the response is invalid',
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
    return { active: false, ...failureOf('claim_invalid', 'scopes', { limit: MAX_SCOPES }) }
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

/**
 * Refuses a token that requires what this package does not do. A value of the wrong type counts as a requirement, because it
 * would otherwise count as absent.
 */
function requirementFailure(json: Claims): VerificationFailure | undefined {
  const thumbprint = ownMember(json, 'certificateThumbprint') ?? ''
  if (thumbprint !== '') {
    return typeof thumbprint === 'string'
      ? failureOf('proof_missing', 'certificate', {})
      : failureOf('proof_missing', 'certificate_type', { type: phrase(typeOf(thumbprint)) })
  }
  const isSigned = ownMember(json, 'responseSigningRequired') ?? false
  if (isSigned === false) return undefined
  return isSigned === true
    ? failureOf('claim_invalid', 'signing', {})
    : failureOf('claim_invalid', 'signing_type', { type: phrase(typeOf(isSigned)) })
}

/** Reads a response about a JWT whose signature is already verified. */
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
      // Authlete uses null for a token without scopes. If it counted as absent, a JWT would keep the scopes that it states.
      ...(ownMember(json, 'scopes') === undefined ? {} : { scopes }),
      ...(audience.length === 0 ? {} : { audience }),
    },
  }
}

/** Returns the number and the alias of the client. A JWT may name the client by either. */
function clientIdsIn(json: Claims): readonly string[] {
  return [readNumber(json), nonEmptyString(json, 'clientIdAlias')].filter((id) => typeof id === 'string')
}

/** Marks a client with an invalid id. It must not count as absent, because policies then compare the subject. */
const UNREADABLE = Symbol('unreadable')

/** Reads the client id that the client used: its alias or its number. */
function readClientId(json: Claims): string | undefined | typeof UNREADABLE {
  if (ownMember(json, 'clientIdAliasUsed') === true)
    return nonEmptyString(json, 'clientIdAlias') ?? UNREADABLE
  return readNumber(json)
}

/** Reads the number of the client, as a string. */
function readNumber(json: Claims): string | undefined | typeof UNREADABLE {
  const id = ownMember(json, 'clientId') ?? undefined
  if (id === undefined) return undefined
  // Beyond the safe integer range, JSON parsing rounds, so that two clients would share one number.
  return typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : UNREADABLE
}

/** Members of a response that are instructions or diagnostics, not facts about the token. */
const NOT_FACTS = new Set(['action', 'responseContent', 'resultCode', 'resultMessage', 'dpopNonce'])

function factsIn(json: Claims): Claims {
  return Object.fromEntries(Object.entries(json).filter(([name]) => !NOT_FACTS.has(name)))
}
