import type { TokenFacts } from '../../model/access-token.js'
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
import { issuerUrl, secureUrl } from '../../options/url.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord, ownMember } from '../../util/members.js'
import { mediaType } from '../../http/media-type.js'
import { isMachine, MACHINE_PREFIX, verifyProfile } from './verify-endpoint.js'
import { assertAtMostOne, audience, commonOptions, type CommonIssuerOptions } from '../common-options.js'
import { readPem } from '../../keys/pem.js'
import { failureOf } from '../../model/detail/explain.js'
import { phrase } from '../../util/quote.js'
import type { Issuer, JwtProfile, KeySource } from '../../model/issuer.js'
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
export interface ClerkOptions extends CommonIssuerOptions {
  /**
   * Secret key of the machine that *receives* the tokens (`ak_…`). With it Clerk confirms only tokens that may be used at
   * this machine. An instance key (`sk_…`) skips that check, and is refused unless `acceptAnyMachine` is set.
   */
  readonly machineSecretKey: string
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
  /** Secret key of the instance (`sk_…`), with which the keys are fetched from the Backend API. */
  readonly secretKey?: string
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

/** Readers of the options of {@link clerk}. */
export const CLERK_OPTIONS = {
  ...commonOptions({ algorithms: ['RS256'] }),
  machineSecretKey: nonEmptyString,
  jwtAccess,
  senders: restricting(optional(machineIds)),
  machineId: restricting(optional(nonEmptyString)),
  issuer: restricting(optional(issuerUrl)),
  jwksUri: restricting(optional(secureUrl)),
  jwtKey: restricting(optional(custom('PEM public key', readPem))),
  secretKey: optional(nonEmptyString),
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
  assertMachineKey(settings)
  const jwt = access === false ? undefined : jwtProfile(settings, access)
  return Object.freeze({
    name: issuer ?? 'clerk',
    provider: 'clerk',
    audience: settings.audience,
    scopeMatcher: settings.scopeMatching,
    ...(jwt === undefined ? {} : { jwt }),
    opaque: { prefix: OPAQUE_PREFIX },
    remote: verifyProfile(settings.machineSecretKey, settings.apiUrl, settings),
    validateToken: createMachineRule(settings),
    ...(settings.fetch === undefined ? {} : { fetch: settings.fetch }),
  } satisfies Issuer)
}

function assertMachineKey({ machineSecretKey, acceptAnyMachine }: ClerkSettings): void {
  if (!machineSecretKey.startsWith('sk_') || acceptAnyMachine) return
  throw new ConfigurationError(
    'clerk.machineSecretKey',
    'must not be an instance key (sk_...), because Clerk then does not check which machine a token is for. Use the ' +
      'key of the receiving machine (ak_...), or set acceptAnyMachine: true',
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
  const { issuer, jwksUri, jwtKey, secretKey, apiUrl, keys: options } = settings
  assertAtMostOne('clerk', { jwksUri, jwtKey, secretKey })
  if (jwtKey !== undefined) return { kind: 'pem', pem: jwtKey }
  if (jwksUri !== undefined) return { kind: 'remote', url: jwksUri, options }
  if (secretKey !== undefined) {
    const authorization = `Bearer ${secretKey}`
    return { kind: 'remote', url: `${apiUrl}/jwks`, headers: () => ({ authorization }), options }
  }
  if (issuer !== undefined) {
    return { kind: 'remote', url: `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`, options }
  }
  throw new ConfigurationError(
    'clerk',
    'needs the keys of JWTs, because jwtAccess verifies them locally. Set issuer, jwksUri, jwtKey or secretKey',
  )
}

/** Refuses session and template tokens, which Clerk signs with the same keys. Only the category distinguishes them. */
function validateCategory(header: Claims, requireCategory: boolean): VerificationFailure | undefined {
  if (mediaType(ownMember(header, 'typ')) !== 'jwt')
    return failureOf('type_not_allowed', 'typ', { typ: ownMember(header, 'typ'), allowed: phrase('JWT') })
  const category = ownMember(header, 'cat')
  if (category === MACHINE_CATEGORY || (category === undefined && !requireCategory)) return undefined
  return failureOf('type_not_allowed', 'category', { category, allowed: MACHINE_CATEGORY })
}

function readMachineClaims(claims: Claims, scopeClaims: readonly string[]): TokenFacts | VerificationFailure {
  const subject = ownMember(claims, 'sub')
  if (!isMachine(subject)) return failureOf('type_not_allowed', 'machine', { subject })
  const facts = readClaims(claims, { scopeClaims, required: ['exp'], clientClaims: [] })
  return isVerificationFailure(facts) ? facts : { ...facts, clientId: facts.subject }
}
