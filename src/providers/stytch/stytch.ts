import type { TokenFacts } from '../../model/access-token.js'
import { presentMember, type ScopeClaimReference } from '../../model/claim-path.js'
import { CLIENT_CLAIMS, invalidClaim, readClaims, type Claims } from '../../model/claims.js'
import { failureOf } from '../../model/detail/explain.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { boolean } from '../../options/readers.js'
import { ownMember } from '../../util/members.js'
import { phrase } from '../../util/quote.js'
import { mediaType } from '../../http/media-type.js'
import type { ScopeMatcher } from '../../model/scopes.js'
import { STYTCH_ADDRESS_OPTIONS, stytchApiUrl } from './api-url.js'
import { commonOptions, connectionOf, keyRequests, type CommonIssuerOptions } from '../common-options.js'
import { withClaimRules } from '../claim-rules.js'
import { checkTokenKind } from '../jwt-access-token.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { isVerificationFailure, type VerificationFailure } from '../../model/refusal/refusal.js'

/** Options of {@link stytch}. The audience is always the project, because Stytch writes the project id into `aud`. */
export interface StytchOptions extends Omit<CommonIssuerOptions, 'remote' | 'clientClaims'> {
  /** Id of the project: `project-live-…` or `project-test-…`. */
  readonly projectId: string
  /**
   * Base URL of Stytch's API. https, or http on loopback. It is also accepted as `iss`.
   *
   * @defaultValue `https://api.stytch.com` for a `project-live-…`, otherwise `https://test.stytch.com`
   */
  readonly apiUrl?: string
  /** Custom domain of the project: keys are fetched from it, and it is accepted as `iss`. `https://` may be left out. */
  readonly customDomain?: string
  /**
   * Whether the keys of a B2B project are used.
   *
   * @defaultValue `false`
   */
  readonly b2b?: boolean
}

/**
 * Compares scopes by Stytch's rule: a scope is `action:resource`, or an action alone, whose resource is then `-`. A granted
 * resource `*` satisfies every resource.
 *
 * A scope is split at the first colon only. Stytch's client ignores the rest after a second colon, so that `read:users:eu`
 * would satisfy `read:users:us`.
 */
export const stytchScope: ScopeMatcher = (granted, required) => {
  const [grantedAction, grantedResource] = splitAtColon(granted)
  const [action, resource] = splitAtColon(required)
  return grantedAction === action && (grantedResource === resource || grantedResource === '*')
}

function splitAtColon(scope: string): readonly [action: string, resource: string] {
  const colon = scope.indexOf(':')
  return colon === -1 ? [scope, '-'] : [scope.slice(0, colon), scope.slice(colon + 1)]
}

const {
  remote: _remote,
  clientClaims: _clientClaims,
  ...COMMON_OPTIONS
} = commonOptions({
  algorithms: ['RS256'],
  scopeClaims: ['scope'],
  scopeMatching: stytchScope,
})

/** Readers of the options of {@link stytch}. */
export const STYTCH_OPTIONS = {
  ...COMMON_OPTIONS,
  ...STYTCH_ADDRESS_OPTIONS,
  b2b: boolean({ default: false }),
} satisfies TableOf<StytchOptions>

/**
 * Creates an issuer for Stytch M2M access tokens, which are JWTs and are verified locally.
 *
 * Stytch has no endpoint that verifies them, so a policy's `confirmAfter` refuses tokens of that age. Tokens of sessions,
 * users, members and Connected Apps are refused with 401 `type_not_allowed`.
 *
 * @throws ConfigurationError that names the missing, invalid or unknown option.
 * @example
 * ```ts
 * const verifier = createVerifier({ issuers: [stytch({ projectId: 'project-live-…' })] })
 * ```
 */
export function stytch(options: StytchOptions): Issuer {
  const settings = readOptions('stytch', options, STYTCH_OPTIONS)
  const { projectId, scopeClaims } = settings
  const base = stytchApiUrl(settings)
  const path = settings.b2b ? '/v1/b2b/sessions/jwks/' : '/v1/sessions/jwks/'
  return withClaimRules(settings.claims, {
    name: `stytch.com/${projectId}`,
    provider: 'stytch',
    audience: [projectId],
    scopeMatcher: settings.scopeMatching,
    jwt: {
      // All projects on a host share the second form. The audience distinguishes them.
      issuers: [`stytch.com/${projectId}`, base],
      checked: 'local',
      keys: {
        kind: 'remote',
        url:
          settings.customDomain === undefined
            ? `${base}${path}${encodeURIComponent(projectId)}`
            : `${base}/.well-known/jwks.json`,
        ...keyRequests(settings.keys),
      },
      algorithms: settings.algorithms,
      validateHeader: validateType,
      readClaims: (claims) => readMachineClaims(claims, scopeClaims),
    },
    ...connectionOf(settings),
  })
}

function validateType(header: Claims): VerificationFailure | undefined {
  if (mediaType(ownMember(header, 'typ')) === 'jwt') return undefined
  return failureOf('type_not_allowed', 'typ', { typ: ownMember(header, 'typ'), allowed: phrase('JWT') })
}

/** Claims of session tokens, which have the same keys, issuer and audience as machine tokens. */
const SESSION_CLAIMS = ['https://stytch.com/session', 'https://stytch.com/organization']

/** Matches the ids of users (consumer projects) and of members (B2B projects). */
const PERSON_ID = /^(?:user|member)-/

/**
 * Returns the failure of a token that was issued to a person: of a session, or of a Connected App on behalf of a user.
 * Stytch signs such tokens with the same keys for the same audience. In a machine token the subject is the client, and no
 * claim names another client.
 */
function checkPersonalToken(claims: Claims): VerificationFailure | undefined {
  const session = SESSION_CLAIMS.find((name) => presentMember(claims, name) !== undefined)
  if (session !== undefined) return failureOf('type_not_allowed', 'session', { claim: phrase(session) })
  const subject = presentMember(claims, 'sub')
  if (typeof subject === 'string' && PERSON_ID.test(subject)) {
    return failureOf('type_not_allowed', 'person', { subject })
  }
  for (const name of CLIENT_CLAIMS) {
    const client = presentMember(claims, name)
    if (client !== undefined && client !== subject) {
      return failureOf('type_not_allowed', 'connected_app', { claim: phrase(name), client, subject })
    }
  }
  return checkTokenKind(claims)
}

function readMachineClaims(
  claims: Claims,
  scopeClaims: readonly ScopeClaimReference[],
): TokenFacts | VerificationFailure {
  const failure = checkPersonalToken(claims)
  if (failure !== undefined) return failure
  // Every machine token has a scope string. A token without it is another kind of token of the project.
  const scope = presentMember(claims, 'scope')
  if (scopeClaims.some(({ name }) => name === 'scope') && typeof scope !== 'string') {
    return scope === undefined
      ? failureOf('claim_missing', 'absent', { claim: phrase('scope') })
      : invalidClaim('scope', 'a string', scope)
  }
  const facts = readClaims(claims, { scopeClaims, required: ['exp', 'iat', 'sub', 'aud'], clientClaims: [] })
  return isVerificationFailure(facts) ? facts : { ...facts, clientId: facts.subject }
}
