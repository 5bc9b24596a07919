import { readPem } from '../../keys/pem.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import {
  custom,
  described,
  mapped,
  optional,
  restricting,
  withDefault,
  type Result,
  type TableOf,
} from '../../options/reader.js'
import { boolean, nonEmptyString, stringList } from '../../options/readers.js'
import { secretOption, type Secret } from '../../options/secret.js'
import { issuerUrl, secureUrl } from '../../options/url.js'
import { isRecord } from '../../util/members.js'
import { audience, commonOptions, type CommonIssuerOptions } from '../common-options.js'
import { clerkApiUrl } from './api-url.js'
import { MACHINE_PREFIX } from './verify-endpoint.js'

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
 * Options of `clerk`. At most one of `jwksUri`, `jwtKey` and `secretKey` is allowed. If JWTs are verified locally, one of
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

const machineIds = mapped(described(stringList, { bounds: `${MACHINE_PREFIX}…` }), (machines, option) => {
  if (machines.every((machine) => machine.startsWith(MACHINE_PREFIX))) return machines
  throw new ConfigurationError(option, `must contain machine ids only (${MACHINE_PREFIX}...)`)
})

/** Checked {@link ClerkJwtAccess}. A list has the ids of the accepted machines. */
export type JwtAccess = 'remote' | 'any-machine' | false | readonly string[]

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

/** Readers of {@link ClerkOptions}. */
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

/** Checked {@link ClerkOptions}, with defaults. */
export type ClerkSettings = Result<typeof CLERK_OPTIONS>
