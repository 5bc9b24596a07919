import { claim, readScopes, type Claims } from '../../model/claims.js'
import { isRecord } from '../../util/members.js'
import { isVerificationFailure } from '../../model/refusal.js'
import { statusFault } from '../../introspection/rfc7662.js'
import type { CommonIssuerSettings } from '../common-options.js'
import type { RemoteResponse, RemoteProfile, RemoteResult } from '../../model/issuer.js'

/** What the ids of machines start with. */
export const MACHINE_PREFIX = 'mch_'

/** Whether a subject is a machine: the tokens of users and of organisations have other ids. */
export function isMachine(subject: unknown): boolean {
  return typeof subject === 'string' && subject.startsWith(MACHINE_PREFIX)
}

/** How Clerk's verify endpoint is asked about a token, and what its answers mean. */
export function verifyProfile(
  machineSecretKey: string,
  api: string,
  common: CommonIssuerSettings,
): RemoteProfile {
  return {
    endpoint: `${api}/m2m_tokens/verify`,
    options: common.remote,
    request: (token) => ({
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${machineSecretKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ token }),
    }),
    read: (answer) => readVerification(answer, common.scopeClaims),
  }
}

/** Reads what the verify endpoint says. A 200 alone proves nothing: revoked and expired tokens may come with one. */
function readVerification({ status, json }: RemoteResponse, scopeClaims: readonly string[]): RemoteResult {
  if (status === 404 && isRecord(json) && Array.isArray(json['errors'])) {
    return { active: false, reason: 'token_inactive', detail: 'Clerk knows no such token for this machine' }
  }
  if (status !== 200) return statusFault(status)
  if (!isRecord(json) || claim(json, 'object') !== 'machine_to_machine_token') {
    return { fault: 'issuer_unavailable', detail: 'the answer is no machine token' }
  }
  if (claim(json, 'expired') === true)
    return { active: false, reason: 'token_expired', detail: 'Clerk says expired' }
  if (claim(json, 'revoked') === true)
    return { active: false, reason: 'token_inactive', detail: 'Clerk says revoked' }
  if (claim(json, 'expired') !== false || claim(json, 'revoked') !== false) {
    return {
      fault: 'issuer_unavailable',
      detail: 'the answer does not say whether the token is revoked or expired',
    }
  }
  return readMachineToken(json, scopeClaims)
}

function readMachineToken(json: Claims, scopeClaims: readonly string[]): RemoteResult {
  const custom = claim(json, 'claims')
  const subject = claim(json, 'subject')
  const expiresAt = secondsOf(claim(json, 'expiration'))
  const issuedAt = secondsOf(claim(json, 'created_at'))
  const machines = claim(json, 'scopes') ?? []
  const tokenId = claim(json, 'id')
  if (
    typeof subject !== 'string' ||
    !isMachine(subject) ||
    expiresAt === 'unreadable' ||
    issuedAt === 'unreadable' ||
    !isTextList(machines)
  ) {
    return { fault: 'issuer_unavailable', detail: 'the answer describes no machine token' }
  }
  const structural = {
    sub: subject,
    ...(typeof tokenId === 'string' ? { jti: tokenId } : {}),
    ...(issuedAt === undefined ? {} : { iat: issuedAt }),
    ...(expiresAt === undefined ? {} : { exp: expiresAt }),
  }
  // The same shape as a JWT's payload, so that a route reads custom claims alike in both formats.
  const claims = { ...(isRecord(custom) ? custom : {}), ...structural }
  const scopes = readScopes(claims, scopeClaims)
  if (isVerificationFailure(scopes)) return { active: false, ...scopes }
  return {
    active: true,
    facts: {
      subject,
      clientId: subject,
      scopes: scopes.granted,
      audience: machines,
      tokenId: structural.jti,
      issuedAt,
      expiresAt,
      claims,
    },
  }
}

/** Clerk's times are milliseconds; null means never. */
function secondsOf(milliseconds: unknown): number | undefined | 'unreadable' {
  if (milliseconds === null || milliseconds === undefined) return undefined
  return typeof milliseconds === 'number' && milliseconds > 0 && Number.isFinite(milliseconds)
    ? milliseconds / 1000
    : 'unreadable'
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
