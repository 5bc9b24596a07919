import type { TokenFacts } from '../../model/access-token.js'
import { CLIENT_CLAIMS, readClaims, type Claims } from '../../model/claims.js'
import { readOptions } from '../../options/read-options.js'
import type { TableOf } from '../../options/reader.js'
import { boolean } from '../../options/readers.js'
import { ownMember } from '../../util/members.js'
import { mediaType } from '../../http/media-type.js'
import type { ScopeMatcher } from '../../model/scopes.js'
import { STYTCH_ADDRESS_OPTIONS, stytchApiUrl } from './api-url.js'
import { commonOptions, type CommonIssuerOptions } from '../common-options.js'
import { foreignKind } from '../jwt-access-token.js'
import type { Issuer } from '../../model/issuer.js'
import { isVerificationFailure, type VerificationFailure } from '../../model/refusal.js'

/** Options of {@link stytch}. The audience is always the project: that is what Stytch writes. */
export interface StytchOptions extends Omit<CommonIssuerOptions, 'remote'> {
  /** The project's id: `project-live-…` or `project-test-…`. */
  readonly projectId: string
  /** Stytch's API. Default by project id: `https://api.stytch.com` for live projects, else `https://test.stytch.com`. */
  readonly apiUrl?: string
  /** The project's custom domain: keys are fetched there, and it is accepted as `iss`. */
  readonly customDomain?: string
  /** `true` takes the keys of a B2B project. Default `false`. */
  readonly b2b?: boolean
}

/**
 * Stytch's rule: a scope is `action:resource`, or an action alone with the resource `-`; a granted `*` as
 * the resource satisfies any. Split at the first colon only: Stytch's own client drops what follows a
 * second one, which lets `read:users:eu` stand for `read:users:us`.
 */
export const stytchScope: ScopeMatcher = (granted, demanded) => {
  const [grantedAction, grantedResource] = splitAtColon(granted)
  const [action, resource] = splitAtColon(demanded)
  return grantedAction === action && (grantedResource === resource || grantedResource === '*')
}

function splitAtColon(scope: string): readonly [action: string, resource: string] {
  const colon = scope.indexOf(':')
  return colon === -1 ? [scope, '-'] : [scope.slice(0, colon), scope.slice(colon + 1)]
}

const { remote: _remote, ...COMMON_OPTIONS } = commonOptions({
  algorithms: ['RS256'],
  scopeClaims: ['scope'],
  scopeMatching: stytchScope,
})

/** The options of {@link stytch}. */
export const STYTCH_OPTIONS = {
  ...COMMON_OPTIONS,
  ...STYTCH_ADDRESS_OPTIONS,
  b2b: boolean({ default: false }),
} satisfies TableOf<StytchOptions>

/**
 * Stytch M2M access tokens: JWTs, checked locally. Stytch has no endpoint that verifies them, so
 * `confirmAfter` refuses them once they are that old.
 *
 * @throws ConfigurationError naming the option that is missing, wrong or unknown.
 */
export function stytch(options: StytchOptions): Issuer {
  const own = readOptions('stytch', options, STYTCH_OPTIONS)
  const { projectId, scopeClaims } = own
  const base = stytchApiUrl(own)
  const path = own.b2b ? '/v1/b2b/sessions/jwks/' : '/v1/sessions/jwks/'
  return Object.freeze({
    name: `stytch.com/${projectId}`,
    provider: 'stytch',
    audience: [projectId],
    scopeMatcher: own.scopeMatching,
    jwt: {
      // The second form is the same for every project on that host: the audience tells projects apart.
      issuers: [`stytch.com/${projectId}`, base],
      checked: 'local',
      keys: {
        kind: 'remote',
        url:
          own.customDomain === undefined
            ? `${base}${path}${encodeURIComponent(projectId)}`
            : `${base}/.well-known/jwks.json`,
        options: own.keys,
      },
      algorithms: own.algorithms,
      validateHeader: validateType,
      readClaims: (claims) => readMachineClaims(claims, scopeClaims),
    },
    ...(own.fetch === undefined ? {} : { fetch: own.fetch }),
  } satisfies Issuer)
}

function validateType(header: Claims): VerificationFailure | undefined {
  if (mediaType(ownMember(header, 'typ')) === 'jwt') return undefined
  return { reason: 'type_not_allowed', detail: 'typ is not JWT' }
}

/** Only session tokens carry these; they are made with the same keys, issuer and audience as machine tokens. */
const SESSION_CLAIMS = ['https://stytch.com/session', 'https://stytch.com/organization']

/** What the ids of people start with: of users in consumer projects, of members in B2B projects. */
const PERSON = /^(?:user|member)-/

/**
 * The failure of a token that was issued to a person: a session, or what a Connected App has on behalf of a user. Stytch
 * signs it with the same keys for the same audience. A machine token has the client as its subject and in no other claim.
 */
function personalToken(claims: Claims): VerificationFailure | undefined {
  if (SESSION_CLAIMS.some((name) => ownMember(claims, name) !== undefined)) {
    return { reason: 'type_not_allowed', detail: 'this is a session token' }
  }
  const subject = ownMember(claims, 'sub')
  if (typeof subject === 'string' && PERSON.test(subject)) {
    return { reason: 'type_not_allowed', detail: 'sub is a user or a member' }
  }
  for (const name of CLIENT_CLAIMS) {
    const client = ownMember(claims, name)
    if (client !== undefined && client !== subject) {
      return { reason: 'type_not_allowed', detail: `${name} is not sub: a Connected App acts for a user` }
    }
  }
  return foreignKind(claims)
}

function readMachineClaims(claims: Claims, scopeClaims: readonly string[]): TokenFacts | VerificationFailure {
  const personal = personalToken(claims)
  if (personal !== undefined) return personal
  // Every machine token has a scope text; whatever lacks it is another kind of token of the project.
  if (scopeClaims.includes('scope') && typeof ownMember(claims, 'scope') !== 'string') {
    const absent = ownMember(claims, 'scope') === undefined
    return { reason: absent ? 'claim_missing' : 'claim_invalid', detail: 'scope is not a string' }
  }
  const facts = readClaims(claims, { scopeClaims, required: ['exp', 'iat', 'sub', 'aud'], clientClaims: [] })
  return isVerificationFailure(facts) ? facts : { ...facts, clientId: facts.subject }
}
