import type { ScopeClaimReference } from '../../model/claim-path.js'
import { readScopes, statesScopes, type Claims } from '../../model/claims.js'
import { failureOf } from '../../model/detail/explain.js'
import { isRecord, isStringList, ownMember, secondsFromMilliseconds, string } from '../../util/members.js'
import type { StatedFacts, TokenFacts } from '../../model/access-token.js'
import { isVerificationFailure } from '../../model/refusal/refusal.js'
import { statusFault } from '../../introspection/rfc7662.js'
import type { CredentialReader } from '../../options/secret.js'
import type { CommonIssuerSettings } from '../common-options.js'
import { callerWith } from '../caller.js'
import { requestWith } from '../request-with.js'
import type {
  ConfirmationResult,
  RemoteProfile,
  RemoteResponse,
  RemoteResult,
} from '../../model/issuer/remote-profile.js'

/** Prefix of machine ids. */
export const MACHINE_PREFIX = 'mch_'

/** Whether a subject is a machine. Tokens of users and organizations have other ids. */
export function isMachine(subject: unknown): boolean {
  return typeof subject === 'string' && subject.startsWith(MACHINE_PREFIX)
}

/** What of the options of `clerk` the verify endpoint needs. */
export interface VerifySettings extends Omit<CommonIssuerSettings, 'clientClaims'> {
  readonly audience: readonly string[] | null
  readonly machineId: string | undefined
}

/** Creates the profile of Clerk's verify endpoint. */
export function verifyProfile(
  machineKey: CredentialReader<string>,
  api: string,
  common: VerifySettings,
): RemoteProfile {
  return {
    endpoint: `${api}/m2m_tokens/verify`,
    options: common.remote,
    caller: callerWith(common.machineId, machineKey.fixed?.value),
    ...requestWith(machineKey, (token, key) => ({
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ token }),
    })),
    read: (response) => readVerification(response, common.scopeClaims),
    readConfirmation: (response) => toConfirmation(readVerification(response, common.scopeClaims), common),
  }
}

/** Converts the result about a JWT that was verified with the instance's keys. */
function toConfirmation(
  result: RemoteResult,
  { audience, machineId, scopeClaims }: VerifySettings,
): ConfirmationResult {
  if ('fault' in result || !result.active) return result
  const machines = result.facts.audience
  if (machineId !== undefined && !machines.includes(machineId)) {
    const failure = failureOf('audience_mismatch', 'machine', { audience: machines, configured: machineId })
    return { active: false, ...failure }
  }
  // Clerk's response names machines, whereas the `aud` of a JWT, which its sender wrote, may name anything else.
  const hasMachines = audience?.some((name) => name.startsWith(MACHINE_PREFIX)) === true
  return { active: true, facts: statedFacts(result.facts, hasMachines, scopeClaims) }
}

function statedFacts(
  { scopes, audience, ...facts }: TokenFacts,
  hasMachines: boolean,
  scopeClaims: readonly ScopeClaimReference[],
): StatedFacts {
  return {
    ...facts,
    ...(hasMachines && audience.length > 0 ? { audience } : {}),
    ...(statesScopes(facts.claims, scopeClaims) ? { scopes } : {}),
  }
}

/** Reads a response of the verify endpoint. The status 200 alone proves nothing, because revoked tokens may have it too. */
function readVerification(
  { status, json }: RemoteResponse,
  scopeClaims: readonly ScopeClaimReference[],
): RemoteResult {
  if (status === 404 && isRecord(json) && Array.isArray(json['errors'])) {
    return { active: false, ...failureOf('token_inactive', 'unknown', {}) }
  }
  if (status !== 200) return statusFault(status)
  if (!isRecord(json) || ownMember(json, 'object') !== 'machine_to_machine_token') {
    return { fault: 'issuer_unavailable', detail: 'the response is not a machine token' }
  }
  if (ownMember(json, 'expired') === true)
    return { active: false, ...failureOf('token_expired', 'issuer', {}) }
  if (ownMember(json, 'revoked') === true)
    return { active: false, ...failureOf('token_inactive', 'revoked', {}) }
  if (ownMember(json, 'expired') !== false || ownMember(json, 'revoked') !== false) {
    return {
      fault: 'issuer_unavailable',
      detail: 'the response does not state whether the token is revoked or expired',
    }
  }
  return readMachineToken(json, scopeClaims)
}

function readMachineToken(json: Claims, scopeClaims: readonly ScopeClaimReference[]): RemoteResult {
  const custom = ownMember(json, 'claims')
  const confirmation = ownMember(json, 'cnf')
  const subject = string(json, 'subject')
  const expiresAt = secondsFromMilliseconds(json, 'expiration')
  const issuedAt = secondsFromMilliseconds(json, 'created_at')
  const machines = ownMember(json, 'scopes') ?? []
  const tokenId = string(json, 'id')
  if (
    subject === undefined ||
    !isMachine(subject) ||
    !hasTimeOrNull(json, 'expiration') ||
    !hasTimeOrNull(json, 'created_at') ||
    !isStringList(machines)
  ) {
    return { fault: 'issuer_unavailable', detail: 'the response does not describe a machine token' }
  }
  const registeredClaims = {
    sub: subject,
    ...(tokenId === undefined ? {} : { jti: tokenId }),
    ...(issuedAt === undefined ? {} : { iat: issuedAt }),
    ...(expiresAt === undefined ? {} : { exp: expiresAt }),
    ...(confirmation === undefined ? {} : { cnf: confirmation }),
  }
  // The same shape as a JWT payload, so that a route reads custom claims the same way in both formats.
  const claims = { ...(isRecord(custom) ? custom : {}), ...registeredClaims }
  const scopes = readScopes(claims, scopeClaims)
  if (isVerificationFailure(scopes)) return { active: false, ...scopes }
  return {
    active: true,
    facts: {
      subject,
      clientId: subject,
      scopes: scopes.granted,
      audience: machines,
      tokenId: registeredClaims.jti,
      issuedAt,
      expiresAt,
      claims,
    },
  }
}

/** Whether a time is valid, absent or null. Clerk uses null for "never". */
function hasTimeOrNull(json: Claims, name: string): boolean {
  const value = ownMember(json, name) ?? undefined
  return value === undefined || (secondsFromMilliseconds(json, name) ?? 0) > 0
}
