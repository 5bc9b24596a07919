import type { AccessToken } from '../../model/access-token.js'
import { readOptions } from '../../options/read-options.js'
import { custom, optional, withDefault, type TableOf, restricting } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { createVerifier, VERIFIER_OPTIONS } from '../../verifier/create-verifier.js'
import type { Verifier } from '../../verifier/verifier.js'
import { duration, type Duration } from '../../options/duration.js'
import { stytch } from '../../providers/stytch/stytch.js'
import { explain } from '../../model/detail/explain.js'
import { Refusal } from '../../model/refusal/refusal.js'
import { waitFor } from '../../util/abort.js'
import type { EpochSeconds } from '../../util/members.js'
import type { StytchClientsSettings } from './api.js'
import { scopeList } from './input.js'
import { readSignal, type CallOptions } from '../api/call.js'

/** Input of {@link StytchClients.authenticateToken}. */
export interface StytchAuthenticateTokenInput {
  /** The received token. An invalid one is a `Refusal`, not a `ConfigurationError`. */
  readonly token: string
  /** Required scopes: a list, or a space-separated string. An empty list requires nothing, as at Stytch. */
  readonly scopes?: string | readonly string[]
  /**
   * Maximum age of the token. It is refused once `now - iat` is at least this; 0 refuses every token. No clock
   * tolerance is added.
   */
  readonly maxTokenAge?: Duration
  /**
   * Clock tolerance for `exp`, `nbf` and `iat`, at most `'60s'`.
   *
   * @defaultValue `'5s'`
   */
  readonly clockTolerance?: Duration
  /**
   * Custom scope check instead of Stytch's `action:resource` rule. Only `true` accepts the token. Also called if
   * no scopes are required.
   */
  readonly checkScopes?: (scopes: StytchScopeCheck) => boolean
}

/** The scopes that a custom scope check compares. */
export interface StytchScopeCheck {
  /** Scopes of the token (`scope` claim). */
  readonly granted: readonly string[]
  /** Scopes that the call requires: its `scopes` option as a list. */
  readonly required: readonly string[]
}

/** The claims of an accepted token. Frozen. */
export interface StytchAuthenticatedToken {
  /** Id of the M2M client that obtained the token (`sub` claim). */
  readonly clientId: string
  /** Scopes of the token (`scope` claim). */
  readonly scopes: readonly string[]
  /** Claims that a template of the project added. */
  readonly customClaims: Readonly<Record<string, unknown>>
  /** Time of issue (`iat` claim), in seconds since the epoch. */
  readonly issuedAt: EpochSeconds
  /** Expiry (`exp` claim), in seconds since the epoch. */
  readonly expiresAt: EpochSeconds
}

export type AuthenticateToken = (
  input: StytchAuthenticateTokenInput,
  options: CallOptions,
) => Promise<StytchAuthenticatedToken>

const OPERATION = 'stytchClients.authenticateToken'

const STANDARD_CLAIMS = ['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sub', 'scope']

/** Maximum number of verifiers, one per clock tolerance. Each has its own key set. */
const MAX_VERIFIERS = 8

/** Verifies tokens with the verifier that guards an API. Calls with the same clock tolerance share one. */
export function createAuthenticateToken(settings: StytchClientsSettings): AuthenticateToken {
  const verifiers = new Map<Duration, Verifier>()
  const { projectId, apiUrl, customDomain, b2b, fetch, clock } = settings
  const issuer = stytch({
    projectId,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    ...(customDomain === undefined ? {} : { customDomain }),
    b2b,
    ...(fetch === undefined ? {} : { fetch }),
  })

  function verifierOf(clockTolerance: number): Verifier {
    let verifier = verifiers.get(clockTolerance)
    if (verifier === undefined) {
      const [oldest] = verifiers.keys()
      if (oldest !== undefined && verifiers.size >= MAX_VERIFIERS) verifiers.delete(oldest)
      verifier = createVerifier({
        issuers: [issuer],
        clockTolerance,
        ...(clock === undefined ? {} : { clock }),
      })
      verifiers.set(clockTolerance, verifier)
    }
    return verifier
  }

  // Created immediately, so that an invalid option is reported when the client is created.
  verifierOf(INPUT.clockTolerance.read('clockTolerance', undefined))
  return async (rawInput, options) => {
    const input = readOptions(OPERATION, rawInput, INPUT)
    const signal = readSignal(OPERATION, options)
    const { scopes: required, checkScopes, maxTokenAge } = input
    const policy = {
      ...(maxTokenAge === undefined ? {} : { maxTokenAge }),
      ...(required.length === 0 || checkScopes !== undefined ? {} : { scopes: required }),
    }
    signal?.throwIfAborted()
    const verification = verifierOf(input.clockTolerance).verify(input.token, policy)
    const token = await waitFor(verification, signal)
    if (checkScopes !== undefined) checkCustomScopes(checkScopes, token, required)
    return resultOf(token)
  }
}

const INPUT = {
  // An invalid token is refused during verification. It is not an invalid input.
  token: custom('string', (_option, value) => value as string),
  scopes: restricting(
    withDefault(
      custom<readonly string[]>('string or list', (option, value) => {
        // An empty string is probably an unset variable, not the intent to require nothing.
        if (typeof value === 'string' && value.trim() === '')
          throw new ConfigurationError(option, 'must not be an empty string')
        return scopeList.read(option, value)
      }),
      [],
    ),
  ),
  maxTokenAge: restricting(optional(duration())),
  clockTolerance: VERIFIER_OPTIONS.clockTolerance,
  checkScopes: restricting(optional(func<NonNullable<StytchAuthenticateTokenInput['checkScopes']>>())),
} satisfies TableOf<StytchAuthenticateTokenInput>

function checkCustomScopes(
  checkScopes: NonNullable<StytchAuthenticateTokenInput['checkScopes']>,
  token: AccessToken,
  required: readonly string[],
): void {
  let cause: unknown
  try {
    // A JavaScript function may return anything. A truthy value is not enough to accept a token.
    const result: unknown = checkScopes(
      Object.freeze({ granted: token.scopes, required: Object.freeze([...required]) }),
    )
    if (result === true) return
  } catch (error) {
    cause = error
  }
  const { issuer } = token
  const detail = explain('scope_insufficient', 'check', { granted: token.scopes, required })
  throw new Refusal('scope_insufficient', { issuer, source: 'local', required, cause, detail })
}

function resultOf(token: AccessToken): StytchAuthenticatedToken {
  const custom = Object.entries(token.claims).filter(([name]) => !STANDARD_CLAIMS.includes(name))
  return Object.freeze({
    clientId: token.clientId ?? token.subject,
    scopes: token.scopes,
    customClaims: Object.freeze(Object.fromEntries(custom)),
    // The issuer refuses a token without them.
    issuedAt: token.issuedAt ?? 0,
    expiresAt: token.expiresAt ?? 0,
  })
}
