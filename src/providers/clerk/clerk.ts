import type { TokenFacts } from '../../model/access-token.js'
import type { ScopeClaimReference } from '../../model/claim-path.js'
import { readClaims, type Claims } from '../../model/claims.js'
import type { Issuer, JwtProfile, KeySource } from '../../model/issuer/issuer.js'
import type { RequestHeaders } from '../../model/issuer/issuer-settings.js'
import { isVerificationFailure, type VerificationFailure } from '../../model/refusal/refusal.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import { secretReader, SecretError, type Secret } from '../../options/secret.js'
import { ownMember } from '../../util/members.js'
import { phrase } from '../../util/quote.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { mediaType } from '../../http/media-type.js'
import { failureOf } from '../../model/detail/explain.js'
import { withClaimRules } from '../claim-rules.js'
import { assertAtMostOne, assertNoHeaders, connectionOf, keyRequests } from '../common-options.js'
import { CLERK_OPTIONS, type ClerkOptions, type ClerkSettings, type JwtAccess } from './clerk-options.js'
import { isMachine, verifyProfile } from './verify-endpoint.js'

/** Value of the `cat` header of machine tokens. Session and template tokens have other values. */
const MACHINE_CATEGORY = 'cl_B7d4PD333AAA'
const OPAQUE_PREFIX = 'mt_'

/**
 * Creates an issuer for Clerk M2M tokens: opaque tokens (`mt_…`) are verified by Clerk's verify endpoint, JWTs as `jwtAccess`
 * states.
 *
 * The machines (`mch_…`) that an opaque token is for are its `audience`. Scopes are custom claims, which the sending machine
 * writes itself. Tokens of users are refused with 401 `type_not_allowed`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({
 *   issuers: [clerk({ machineSecretKey: process.env.CLERK_MACHINE_SECRET_KEY!, jwtAccess: 'remote' })],
 * })
 * ```
 */
export function clerk(options: ClerkOptions): Issuer {
  const settings = readOptions('clerk', options, CLERK_OPTIONS)
  const { issuer, jwtAccess: access } = settings
  const machineKey = secretReader('clerk.machineSecretKey', settings.machineSecretKey, (key) =>
    machineKeyProblem(key, settings.acceptAnyMachine),
  )
  if (access === 'remote' || access === false) {
    assertNoHeaders('clerk', `jwtAccess: ${access === false ? 'false' : "'remote'"}`, settings.keys)
  }
  const jwt = access === false ? undefined : jwtProfile(settings, access)
  return withClaimRules(settings.claims, {
    name: issuer ?? 'clerk',
    provider: 'clerk',
    audience: settings.audience,
    scopeMatcher: settings.scopeMatching,
    ...(jwt === undefined ? {} : { jwt }),
    opaque: { prefix: OPAQUE_PREFIX },
    remote: verifyProfile(machineKey, settings.apiUrl, settings),
    validateToken: createMachineRule(settings),
    ...connectionOf(settings),
  })
}

function machineKeyProblem(key: string, acceptAnyMachine: boolean): string | undefined {
  if (!key.startsWith('sk_') || acceptAnyMachine) return undefined
  return (
    'must not be an instance key (sk_...), because Clerk then does not check which machine a token is for. Use the ' +
    'key of the receiving machine (ak_...), or set acceptAnyMachine: true'
  )
}

/** Creates the rule about sending and receiving machines, which is evaluated on every request. */
function createMachineRule({
  senders,
  machineId,
  jwtAccess: access,
}: ClerkSettings): NonNullable<Issuer['validateToken']> {
  const jwtSenders = typeof access === 'object' ? access : undefined
  return (token) => {
    // In a JWT that is verified locally, the sender wrote the machines that the token is for.
    const isAudienceTrusted = token.format === 'opaque' || access === 'remote'
    if (machineId !== undefined && isAudienceTrusted && !token.audience.includes(machineId)) {
      return failureOf('audience_mismatch', 'machine', { audience: token.audience, configured: machineId })
    }
    const rules = [senders, token.format === 'jwt' ? jwtSenders : undefined]
    const allowed = rules.find((list) => list !== undefined && !list.includes(token.subject))
    if (allowed === undefined) return undefined
    return failureOf('client_not_allowed', 'sender', { subject: token.subject, allowed })
  }
}

function jwtProfile(settings: ClerkSettings, access: Exclude<JwtAccess, false>): JwtProfile {
  const { issuer, requireCategory } = settings
  return {
    issuers: issuer === undefined ? null : [issuer],
    recognises: ({ claims }) => isMachine(ownMember(claims, 'sub')),
    checked: access === 'remote' ? 'remote' : 'local',
    keys: access === 'remote' ? null : keySource(settings),
    algorithms: settings.algorithms,
    validateHeader: (header) => validateCategory(header, requireCategory),
    readClaims: (claims) => readMachineClaims(claims, settings.scopeClaims),
  }
}

function keySource(settings: ClerkSettings): KeySource {
  const { issuer, jwksUri, jwtKey, secretKey, apiUrl } = settings
  const requests = keyRequests(settings.keys)
  assertAtMostOne('clerk', { jwksUri, jwtKey, secretKey })
  if (jwtKey !== undefined) {
    assertNoHeaders('clerk', 'jwtKey', settings.keys)
    return { kind: 'pem', pem: jwtKey }
  }
  if (jwksUri !== undefined) return { kind: 'remote', url: jwksUri, ...requests }
  if (secretKey !== undefined) {
    assertNoHeaders('clerk', 'secretKey', settings.keys)
    return { kind: 'remote', url: `${apiUrl}/jwks`, ...requests, headers: secretKeyHeaders(secretKey) }
  }
  if (issuer !== undefined) {
    return { kind: 'remote', url: `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`, ...requests }
  }
  throw new ConfigurationError(
    'clerk',
    'needs the keys of JWTs, because jwtAccess verifies them locally. Set issuer, jwksUri, jwtKey or secretKey',
  )
}

/** Creates the headers of requests for keys. The secret is read for each, so that it can be rotated. */
function secretKeyHeaders(secretKey: Secret): RequestHeaders {
  const secret = secretReader('clerk.secretKey', secretKey)
  return async () => {
    try {
      return { authorization: `Bearer ${await secret.read()}` }
    } catch (error) {
      throw error instanceof SecretError ? new ExchangeError(error.message) : error
    }
  }
}

/** Refuses session and template tokens, which Clerk signs with the same keys. Only the category distinguishes them. */
function validateCategory(header: Claims, requireCategory: boolean): VerificationFailure | undefined {
  if (mediaType(ownMember(header, 'typ')) !== 'jwt')
    return failureOf('type_not_allowed', 'typ', { typ: ownMember(header, 'typ'), allowed: phrase('JWT') })
  const category = ownMember(header, 'cat')
  if (category === MACHINE_CATEGORY || (category === undefined && !requireCategory)) return undefined
  return failureOf('type_not_allowed', 'category', { category, allowed: MACHINE_CATEGORY })
}

function readMachineClaims(
  claims: Claims,
  scopeClaims: readonly ScopeClaimReference[],
): TokenFacts | VerificationFailure {
  const subject = ownMember(claims, 'sub')
  if (!isMachine(subject)) return failureOf('type_not_allowed', 'machine', { subject })
  const facts = readClaims(claims, { scopeClaims, required: ['exp'], clientClaims: [] })
  return isVerificationFailure(facts) ? facts : { ...facts, clientId: facts.subject }
}
