import type { TokenFacts } from '../../model/access-token.js'
import type { ScopeClaimReference } from '../../model/claim-path.js'
import { readClaims, type Claims } from '../../model/claims.js'
import { readOptions } from '../../options/read-options.js'
import {
  custom,
  described,
  mapped,
  optional,
  withDefault,
  type Result,
  type TableOf,
  restricting,
} from '../../options/reader.js'
import { boolean, nonEmptyString, stringList } from '../../options/readers.js'
import { secretOption, secretReader, SecretError, type Secret } from '../../options/secret.js'
import { issuerUrl, secureUrl } from '../../options/url.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord, ownMember } from '../../util/members.js'
import { ExchangeError } from '../../http/exchange-error.js'
import { mediaType } from '../../http/media-type.js'
import { isMachine, MACHINE_PREFIX, verifyProfile } from './verify-endpoint.js'
import { withClaimRules } from '../claim-rules.js'
import {
  assertAtMostOne,
  assertNoHeaders,
  audience,
  commonOptions,
  connectionOf,
  keyRequests,
  type CommonIssuerOptions,
} from '../common-options.js'
import { readPem } from '../../keys/pem.js'
import type { Issuer, JwtProfile, KeySource, RequestHeaders } from '../../model/issuer.js'
import { isVerificationFailure, type VerificationFailure } from '../../model/refusal.js'
import { clerkApiUrl } from './api-url.js'

/**
 * How Clerk JWTs are accepted. The choice is required, because the sender writes `scopes` and `aud` of its JWTs: they do not
 * prove that it may call this API.
 *
 * - `'remote'`: Clerk verifies each JWT, and the result is cached.
 * - `{ senders }`: JWTs are verified locally, and only these machines (`mch_…`) are accepted.
 * - `'any-machine'`: JWTs are verified locally, and every machine of the instance is accepted.
 * - `false`: JWTs are refused.
 */
export type ClerkJwtAccess =
  | 'remote'
  | {
      /** Ids of the machines (`mch_…`) whose JWTs are accepted: one id or a list. */
      readonly senders: string | readonly string[]
    }
  | 'any-machine'
  | false

/**
 * Options of {@link clerk}. At most one of `jwksUri`, `jwtKey` and `secretKey` is allowed. If JWTs are verified locally, one of
 * these or `issuer` is required.
 */
export interface ClerkOptions extends Omit<CommonIssuerOptions, 'clientClaims'> {
  /**
   * Secret key of the machine that *receives* the tokens (`ak_…`). With it Clerk confirms only tokens that may be used at
   * this machine. An instance key (`sk_…`) skips that check, and is refused unless `acceptAnyMachine` is set.
   *
   * The result of a function is cached. The function is called again when Clerk rejects the key, at most once per
   * `remote.breakerPause`.
   */
  readonly machineSecretKey: Secret
  /** How JWTs are accepted: `'remote'`, `{ senders }`, `'any-machine'` or `false`. See {@link ClerkJwtAccess}. */
  readonly jwtAccess: ClerkJwtAccess
  /**
   * Machines (`mch_…`) whose tokens are accepted, opaque tokens and JWTs. Others get 403 `client_not_allowed`.
   *
   * @defaultValue all machines
   */
  readonly senders?: string | readonly string[]
  /**
   * Id of this machine (`mch_…`). Clerk's response must name it among the machines that a token is for. JWTs that are
   * verified locally are not checked against it.
   *
   * @defaultValue no check
   */
  readonly machineId?: string
  /**
   * Frontend API URL of the instance: the `iss` of its JWTs. The keys are fetched from its `/.well-known/jwks.json`.
   *
   * @defaultValue any `iss`; JWTs whose `sub` is a machine are routed to Clerk
   */
  readonly issuer?: string
  /**
   * URL of the instance's key set. https, or http on loopback.
   *
   * @defaultValue `/.well-known/jwks.json` at `issuer`
   */
  readonly jwksUri?: string
  /** Public key of the instance in PEM form. No keys are fetched. */
  readonly jwtKey?: string
  /**
   * Secret key of the instance (`sk_…`), with which the keys are fetched from the Backend API. A function is called for every
   * fetch.
   */
  readonly secretKey?: Secret
  /**
   * Base URL of Clerk's Backend API, with or without `/v1`.
   *
   * @defaultValue `'https://api.clerk.com'`
   */
  readonly apiUrl?: string
  /**
   * Whether `machineSecretKey` may be an instance key. With one, Clerk does not check which machine a token is for, so the
   * opaque tokens of every machine of the instance are accepted.
   *
   * @defaultValue `false`
   */
  readonly acceptAnyMachine?: boolean
  /**
   * Whether the `cat` header of a JWT must name the category of machine tokens. `false` also accepts JWTs without `cat`.
   *
   * @defaultValue `true`
   */
  readonly requireCategory?: boolean
  /**
   * Audiences that a token must name. For an opaque token these are machines (`mch_…`), for a JWT the `aud` that its sender
   * wrote.
   *
   * @defaultValue `null`: not checked, because Clerk checks that an opaque token is for the machine whose key is used
   */
  readonly audience?: string | readonly string[] | null
}

/** Value of the `cat` header of machine tokens. Session and template tokens have other values. */
const MACHINE_CATEGORY = 'cl_B7d4PD333AAA'
const OPAQUE_PREFIX = 'mt_'

const machineIds = mapped(described(stringList, { bounds: `${MACHINE_PREFIX}…` }), (machines, option) => {
  if (machines.every((machine) => machine.startsWith(MACHINE_PREFIX))) return machines
  throw new ConfigurationError(option, `must contain machine ids only (${MACHINE_PREFIX}...)`)
})

type JwtAccess = 'remote' | 'any-machine' | false | readonly string[]

const jwtAccess = custom<JwtAccess>("'remote', { senders }, 'any-machine' or false", (option, access) => {
  if (access === 'remote' || access === 'any-machine' || access === false) return access
  if (isRecord(access)) return readOptions(option, access, { senders: machineIds }).senders
  throw new ConfigurationError(
    option,
    "must be 'remote', { senders: ['mch_...'] }, 'any-machine' or false. It has no default, because the sender of " +
      'a JWT writes its audience and scopes',
  )
})

// The client is always the sending machine, because the sender writes all other claims.
const { clientClaims: _clientClaims, ...COMMON_OPTIONS } = commonOptions({ algorithms: ['RS256'] })

/** Readers of the options of {@link clerk}. */
export const CLERK_OPTIONS = {
  ...COMMON_OPTIONS,
  machineSecretKey: secretOption,
  jwtAccess,
  senders: restricting(optional(machineIds)),
  machineId: restricting(optional(nonEmptyString)),
  issuer: restricting(optional(issuerUrl)),
  jwksUri: restricting(optional(secureUrl)),
  jwtKey: restricting(optional(custom('PEM public key', readPem))),
  secretKey: optional(secretOption),
  apiUrl: clerkApiUrl,
  acceptAnyMachine: boolean({ default: false }),
  requireCategory: boolean({ default: true }),
  audience: restricting(withDefault(audience, null)),
} satisfies TableOf<ClerkOptions>

type ClerkSettings = Result<typeof CLERK_OPTIONS>

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
      return { reason: 'audience_mismatch', detail: 'the token is not for this machine' }
    }
    const allowed = [senders, token.format === 'jwt' ? jwtSenders : undefined]
    if (allowed.some((list) => list !== undefined && !list.includes(token.subject))) {
      return { reason: 'client_not_allowed', detail: 'the sender is not among the allowed machines' }
    }
    return undefined
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
    return { reason: 'type_not_allowed', detail: 'typ is not JWT' }
  const category = ownMember(header, 'cat')
  if (category === MACHINE_CATEGORY || (category === undefined && !requireCategory)) return undefined
  return { reason: 'type_not_allowed', detail: 'cat is not that of a machine token' }
}

function readMachineClaims(
  claims: Claims,
  scopeClaims: readonly ScopeClaimReference[],
): TokenFacts | VerificationFailure {
  if (!isMachine(ownMember(claims, 'sub')))
    return { reason: 'type_not_allowed', detail: 'sub is not a machine' }
  const facts = readClaims(claims, { scopeClaims, required: ['exp'], clientClaims: [] })
  return isVerificationFailure(facts) ? facts : { ...facts, clientId: facts.subject }
}
