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
import { atMostOne, audience, commonOptions, type CommonIssuerOptions } from '../common-options.js'
import { readPem } from '../../keys/pem.js'
import type { Issuer, JwtProfile, KeySource } from '../../model/issuer.js'
import { isVerificationFailure, type VerificationFailure } from '../../model/refusal.js'
import { clerkApiUrl } from './api-url.js'

/**
 * How Clerk JWTs are let in. Their `scopes` and `aud` are written by the sender and do not prove that the
 * sender may call this API, so the choice has to be made: ask Clerk about each (`'remote'`), accept only
 * named machines (`{ senders }`), accept every machine of the instance (`'any-machine'`), or none (`false`).
 */
export type ClerkJwtAccess =
  'remote' | { readonly senders: string | readonly string[] } | 'any-machine' | false

/** Options of {@link clerk}. */
export interface ClerkOptions extends CommonIssuerOptions {
  /**
   * The secret key of the machine that *receives* the tokens (`ak_…`): Clerk then answers yes only for
   * tokens granted access to this machine. An instance key (`sk_…`) skips that check and is refused unless
   * `acceptAnyMachine` is set.
   */
  readonly machineSecretKey: string
  /** How JWTs are let in; required, see {@link ClerkJwtAccess}. */
  readonly jwtAccess: ClerkJwtAccess
  /** Only tokens, opaque and JWT, of these machines (`mch_…`). */
  readonly senders?: string | readonly string[]
  /** This machine's id (`mch_…`), which Clerk must name among the machines a token is for, wherever Clerk is asked. */
  readonly machineId?: string
  /** What `iss` of JWTs must be: the Frontend API's address. Also where their keys are found. */
  readonly issuer?: string
  /** The key set's address. Default: `/.well-known/jwks.json` at `issuer`. */
  readonly jwksUri?: string
  /** The instance's public key in PEM form: no key is ever fetched. */
  readonly jwtKey?: string
  /** The instance's secret key, with which the keys are fetched from the Backend API. */
  readonly secretKey?: string
  /** The Backend API. Default `https://api.clerk.com`. */
  readonly apiUrl?: string
  /** Lets an instance key stand in for `machineSecretKey`, which opens this API to every machine. Default `false`. */
  readonly acceptAnyMachine?: boolean
  /** Whether a JWT must carry the category of machine tokens; `false` also takes JWTs without a category. Default `true`. */
  readonly requireCategory?: boolean
  /**
   * What a token must be for: an opaque token names machines (`mch_…`), a JWT whatever its sender wrote.
   * Default `null`: Clerk itself sees to it that an opaque token is for the machine whose key is used.
   */
  readonly audience?: string | readonly string[] | null
}

/** The `cat` header of machine tokens; session and template tokens have others. */
const MACHINE_CATEGORY = 'cl_B7d4PD333AAA'
const OPAQUE_PREFIX = 'mt_'

const machineIds = mapped(described(stringList, { bounds: `${MACHINE_PREFIX}…` }), (machines, option) => {
  if (machines.every((machine) => machine.startsWith(MACHINE_PREFIX))) return machines
  throw new ConfigurationError(option, `must be machine ids (${MACHINE_PREFIX}...)`)
})

type JwtAccess = 'remote' | 'any-machine' | false | readonly string[]

const jwtAccess = custom<JwtAccess>("'remote', { senders }, 'any-machine' or false", (option, access) => {
  if (access === 'remote' || access === 'any-machine' || access === false) return access
  if (isRecord(access)) return readOptions(option, access, { senders: machineIds }).senders
  throw new ConfigurationError(
    option,
    "must be 'remote', { senders: ['mch_...'] }, 'any-machine' or false. What a JWT says of its audience " +
      'was written by its sender, so how JWTs are let in must be chosen',
  )
})

/** The options of {@link clerk}. */
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
 * Clerk M2M tokens: opaque ones (`mt_…`) through Clerk's verify endpoint, JWTs as `jwtAccess` says.
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
 */
export function clerk(options: ClerkOptions): Issuer {
  const own = readOptions('clerk', options, CLERK_OPTIONS)
  const { issuer, jwtAccess: access } = own
  assertMachineKey(own)
  const jwt = access === false ? undefined : jwtProfile(own, access)
  return Object.freeze({
    name: issuer ?? 'clerk',
    provider: 'clerk',
    audience: own.audience,
    scopeMatcher: own.scopeMatching,
    ...(jwt === undefined ? {} : { jwt }),
    opaque: { prefix: OPAQUE_PREFIX },
    remote: verifyProfile(own.machineSecretKey, own.apiUrl, own),
    validateToken: validateMachine(own),
    ...(own.fetch === undefined ? {} : { fetch: own.fetch }),
  } satisfies Issuer)
}

function assertMachineKey({ machineSecretKey, acceptAnyMachine }: ClerkSettings): void {
  if (!machineSecretKey.startsWith('sk_') || acceptAnyMachine) return
  throw new ConfigurationError(
    'clerk.machineSecretKey',
    'is an instance key: with it Clerk does not check which machine a token is for. Use the key of the ' +
      'receiving machine (ak_...), or set acceptAnyMachine: true',
  )
}

/** Which machines may call, and whom; judged on every request. */
function validateMachine({
  senders,
  machineId,
  jwtAccess: access,
}: ClerkSettings): NonNullable<Issuer['validateToken']> {
  const jwtSenders = typeof access === 'object' ? access : undefined
  return (token) => {
    // What a JWT that is checked here says of the machines it is for was written by its sender.
    const isAnsweredFor = token.format === 'opaque' || access === 'remote'
    if (machineId !== undefined && isAnsweredFor && !token.audience.includes(machineId)) {
      return { reason: 'audience_mismatch', detail: 'the token is not for this machine' }
    }
    const allowed = [senders, token.format === 'jwt' ? jwtSenders : undefined]
    if (allowed.some((list) => list !== undefined && !list.includes(token.subject))) {
      return { reason: 'client_not_allowed', detail: 'the sender is not among the allowed machines' }
    }
    return undefined
  }
}

function jwtProfile(own: ClerkSettings, access: Exclude<JwtAccess, false>): JwtProfile {
  const { issuer, requireCategory } = own
  return {
    issuers: issuer === undefined ? null : [issuer],
    recognises: ({ claims }) => isMachine(ownMember(claims, 'sub')),
    checked: access === 'remote' ? 'remote' : 'local',
    keys: access === 'remote' ? null : keySource(own),
    algorithms: own.algorithms,
    validateHeader: (header) => validateCategory(header, requireCategory),
    readClaims: (claims) => readMachineClaims(claims, own.scopeClaims),
  }
}

function keySource(own: ClerkSettings): KeySource {
  const { issuer, jwksUri, jwtKey, secretKey, apiUrl, keys: options } = own
  atMostOne('clerk', { jwksUri, jwtKey, secretKey })
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
    'JWTs are verified locally, so their keys must come from somewhere: give issuer, jwksUri, jwtKey or secretKey',
  )
}

/** Session and template tokens are made with the same keys; only the category tells them apart. */
function validateCategory(header: Claims, required: boolean): VerificationFailure | undefined {
  if (mediaType(ownMember(header, 'typ')) !== 'jwt')
    return { reason: 'type_not_allowed', detail: 'typ is not JWT' }
  const category = ownMember(header, 'cat')
  if (category === MACHINE_CATEGORY || (category === undefined && !required)) return undefined
  return { reason: 'type_not_allowed', detail: 'cat is not that of a machine token' }
}

function readMachineClaims(claims: Claims, scopeClaims: readonly string[]): TokenFacts | VerificationFailure {
  if (!isMachine(ownMember(claims, 'sub'))) return { reason: 'type_not_allowed', detail: 'sub is no machine' }
  const facts = readClaims(claims, { scopeClaims, required: ['exp'], clientClaims: [] })
  return isVerificationFailure(facts) ? facts : { ...facts, clientId: facts.subject }
}
