import type { AccessToken } from '../../model/access-token.js'
import { readOptions } from '../../options/read-options.js'
import { custom, optional, withDefault, type TableOf } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { createVerifier, VERIFIER_OPTIONS } from '../../verifier/create-verifier.js'
import type { Verifier } from '../../verifier/verifier.js'
import { duration, type Duration } from '../../options/duration.js'
import { stytch } from '../../providers/stytch/stytch.js'
import { Refusal } from '../../model/refusal.js'
import { waitFor } from '../../util/abort.js'
import type { EpochSeconds } from '../../util/members.js'
import type { StytchClientsSettings } from './api.js'
import { scopeList } from './input.js'
import { signalOf, type CallOptions } from '../api/call.js'

/** What {@link StytchClients.authenticateToken} takes. */
export interface StytchAuthenticateInput {
  /** As it came: whatever is no good token is refused, not thrown at as a wrong input. */
  readonly accessToken: string
  /** All of them are required: a list, or a text with spaces. An empty list requires nothing, as at Stytch. */
  readonly requiredScopes?: string | readonly string[]
  /** Refuses the token once `now - iat` is at least this. 0 refuses every token. No clock tolerance is added. */
  readonly maxTokenAge?: Duration
  /** How far clocks may disagree when `exp`, `nbf` and `iat` are judged. Default `'5s'`, at most `'60s'`. */
  readonly clockTolerance?: Duration
  /**
   * Decides about the scopes in place of Stytch's `action:resource` rule; only `true` lets the token pass. Asked
   * even where no scopes are required.
   */
  readonly checkScopes?: (scopes: StytchScopes) => boolean
}

/** What an own scope function is asked about. */
export interface StytchScopes {
  readonly granted: readonly string[]
  readonly required: readonly string[]
}

/** What an accepted token says. Frozen. */
export interface AuthenticatedStytchToken {
  readonly clientId: string
  readonly scopes: readonly string[]
  /** Claims that a template of the project has added. */
  readonly customClaims: Readonly<Record<string, unknown>>
  readonly issuedAt: EpochSeconds
  readonly expiresAt: EpochSeconds
}

export type StytchAuthenticate = (
  input: StytchAuthenticateInput,
  options: CallOptions,
) => Promise<AuthenticatedStytchToken>

const OPERATION = 'stytchClients.authenticateToken'

const STANDARD_CLAIMS = ['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'sub', 'scope']

/** More tolerances than any program has; each costs a set of keys. */
const MOST_VERIFIERS = 8

/** Judges tokens with the very verifier that guards an API, one for all calls of a tolerance. */
export function createAuthenticate(own: StytchClientsSettings): StytchAuthenticate {
  const verifiers = new Map<Duration, Verifier>()
  const { projectId, apiUrl, customDomain, b2b, fetch, clock } = own
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
      if (oldest !== undefined && verifiers.size >= MOST_VERIFIERS) verifiers.delete(oldest)
      verifier = createVerifier({
        issuers: [issuer],
        clockTolerance,
        ...(clock === undefined ? {} : { clock }),
      })
      verifiers.set(clockTolerance, verifier)
    }
    return verifier
  }

  // Made now, so that a wrong option is reported when the client is made.
  verifierOf(INPUT.clockTolerance.read('clockTolerance', undefined))
  return async (given, options) => {
    const input = readOptions(OPERATION, given, INPUT)
    const signal = signalOf(OPERATION, options)
    const { requiredScopes: required, checkScopes, maxTokenAge } = input
    const policy = {
      ...(maxTokenAge === undefined ? {} : { maxTokenAge }),
      ...(required.length === 0 || checkScopes !== undefined ? {} : { scopes: required }),
    }
    signal?.throwIfAborted()
    const verdict = verifierOf(input.clockTolerance).verify(input.accessToken, policy)
    const token = await waitFor(verdict, signal)
    if (checkScopes !== undefined) askOwnRule(checkScopes, token, required)
    return resultOf(token)
  }
}

const INPUT = {
  // An invalid token is refused when it is verified: it is not a wrong input.
  accessToken: custom('string', (_option, value) => value as string),
  requiredScopes: withDefault(
    custom<readonly string[]>('string or list', (option, value) => {
      // An empty string is probably a variable that is not set, not the wish to require nothing.
      if (typeof value === 'string' && value.trim() === '')
        throw new ConfigurationError(option, 'must not be an empty string')
      return scopeList.read(option, value)
    }),
    [],
  ),
  maxTokenAge: optional(duration()),
  clockTolerance: VERIFIER_OPTIONS.clockTolerance,
  checkScopes: optional(func<NonNullable<StytchAuthenticateInput['checkScopes']>>()),
} satisfies TableOf<StytchAuthenticateInput>

function askOwnRule(
  checkScopes: NonNullable<StytchAuthenticateInput['checkScopes']>,
  token: AccessToken,
  required: readonly string[],
): void {
  let cause: unknown
  try {
    // Written in JavaScript it may return anything; truthy is not enough to let a token pass.
    const answer: unknown = checkScopes(
      Object.freeze({ granted: token.scopes, required: Object.freeze([...required]) }),
    )
    if (answer === true) return
  } catch (error) {
    cause = error
  }
  const { issuer } = token
  throw new Refusal('scope_insufficient', { issuer, source: 'local', required, cause })
}

function resultOf(token: AccessToken): AuthenticatedStytchToken {
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
