import { filledDetail } from '../../model/detail/format.js'
import type { CheckName } from '../../model/explanation.js'
import type { UnverifiedJwt } from '../../model/issuer/issuer.js'
import { describeScopes } from '../../model/scopes.js'
import { fingerprintOf, tokenDigest } from '../../model/token-digest.js'
import type { CallerRule } from '../../policy/combine.js'
import type { Revocations } from '../../revocation/revocations.js'
import { phrase } from '../../util/quote.js'
import type { DecisionContext } from '../decision-context.js'

/** How a token is verified; `undefined` if it was refused before that was known. */
export type TokenKind = 'local_jwt' | 'introspected_jwt' | 'opaque'

/** A decision, as far as the details of its passed checks need it. */
export interface ExplainedDecision {
  readonly context: DecisionContext
  readonly kind: TokenKind | undefined
  /** Unverified header of a JWT. */
  readonly header: UnverifiedJwt['header']
  readonly isJwt: boolean
  /** Name of the issuer that the token was routed to. */
  readonly issuerName: string | undefined
  readonly failed: CheckName | undefined
  readonly maxTokenLength: number
  readonly revocations: Revocations | undefined
}

/** Why a check does not apply. */
export class NotApplicable {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

const skipped = (reason: string): NotApplicable => new NotApplicable(reason)

type Detail = (decision: ExplainedDecision) => string | NotApplicable

/** The detail of each check that passed, or why it does not apply. In the order of the checks. */
export const PASSED: Readonly<Record<CheckName, Detail>> = {
  header({ context: { request, token, guard } }) {
    const values = { length: token.length, fingerprint: phrase(fingerprintOf(tokenDigest(token))) }
    return filledDetail(
      request === undefined
        ? 'the token was passed without a request; its fingerprint is {fingerprint}'
        : guard.header === undefined
          ? 'the Authorization header has the scheme Bearer; the fingerprint of the token is {fingerprint}'
          : 'the {header} header has a bare token; the fingerprint of the token is {fingerprint}',
      { ...values, header: phrase(guard.header ?? '') },
    )
  },
  length: ({ context: { token }, maxTokenLength: limit }) =>
    filledDetail('the token has {length} characters, and the limit is {limit}', {
      length: token.length,
      limit,
    }),
  decoding: ({ isJwt }) => (isJwt ? 'the token is a JWT' : 'the token is opaque'),
  issuer: ({ issuerName, context: { resolved } }) =>
    filledDetail(resolved === undefined ? 'the issuer is {name}' : 'the issuer is {name} ({provider})', {
      name: issuerName,
      provider: phrase(resolved?.cached.issuer.issuer.provider ?? ''),
    }),
  algorithm: ofJwt(({ header }) => filledDetail('alg is {alg}', { alg: header['alg'] })),
  parameters: ofJwt(() => 'the header has no crit, b64 or zip, and the token contains no other JWT'),
  type: ofJwt(({ header }) => filledDetail('typ is {typ}', { typ: header['typ'] })),
  key: ofLocalJwt(({ header, context: { resolved } }) => {
    const age = resolved?.cached.issuer.keys?.health().age
    const values = { kid: resolved?.cached.key?.kid ?? header['kid'], alg: header['alg'], age }
    return filledDetail(
      age === undefined
        ? 'kid is {kid} (alg {alg})'
        : 'kid is {kid} (alg {alg}); the keys were fetched {age:s} ago',
      values,
    )
  }),
  signature: ofLocalJwt(({ context: { resolved } }) =>
    resolved?.source === 'cache'
      ? filledDetail('the signature was verified at {at:time}, and the result is cached', {
          at: resolved.cached.verifiedAt,
        })
      : 'the key verifies the signature',
  ),
  claims: ofLocalJwt(({ context: { resolved } }) => {
    if (resolved === undefined) return 'the claims that the issuer requires are present'
    const { subject, clientId } = resolved.cached.token
    return filledDetail('sub is {subject}, and the client is {client}', { subject, client: clientId })
  }),
  introspection({ kind, context: { resolved } }) {
    if (kind === 'local_jwt') return skipped('the JWTs of this issuer are verified with its keys')
    return filledDetail(
      resolved?.source === 'cache'
        ? 'the issuer confirmed the token at {at:time}, and the result is cached'
        : 'the issuer confirmed the token at {at:time}',
      { at: resolved?.cached.token.confirmedAt },
    )
  },
  confirmation({ kind, failed, context: { resolved, needs, now } }) {
    const { confirmAfter: limit } = needs
    if (limit === undefined) return skipped('no policy has confirmAfter')
    if (kind !== 'local_jwt') return skipped('the introspection confirms the token')
    if (resolved?.cached.confirmedElapsed !== undefined)
      return filledDetail('the issuer confirmed the token at {at:time}, and confirmAfter is {limit:s}', {
        at: resolved.cached.token.confirmedAt,
        limit,
      })
    const age = now - (resolved?.cached.issuedAt ?? Number.NaN)
    if (failed !== undefined && !(age < limit))
      return skipped('the issuer is not called for a token that is refused in any case')
    return filledDetail('the token is {age:s} old, and confirmAfter is {limit:s}', { age, limit })
  },
  audience({ context: { resolved } }) {
    const configured = resolved?.cached.issuer.audience
    if (configured === null) return skipped('audience: null disables the check')
    const values = { audience: resolved?.cached.token.audience, configured }
    return filledDetail('aud is {audience}, and the configured audience is {configured}', values)
  },
  proof: () => 'the token is not bound to a key',
  expiry({ context: { resolved, now } }) {
    const exp = resolved?.cached.expiresAt
    if (exp === undefined) return skipped('the token has no exp')
    const values = { exp, now, left: exp - now, ago: now - exp }
    return filledDetail(
      exp > now
        ? 'exp is {exp:time}, {left:s} after {now:time}'
        : 'exp was {exp:time}, {ago:s} before {now:time}, which is within clockTolerance',
      values,
    )
  },
  not_before({ context: { resolved, now } }) {
    const nbf = resolved?.cached.notBefore
    if (nbf === undefined) return skipped('the token has no nbf')
    return filledDetail('nbf is {nbf:time}, and the time is {now:time}', { nbf, now })
  },
  issued_at({ context: { resolved, now } }) {
    const iat = resolved?.cached.issuedAt
    if (iat === undefined) return skipped('the token has no iat')
    return filledDetail('iat is {iat:time}, and the time is {now:time}', { iat, now })
  },
  revocation: ({ revocations }) =>
    revocations === undefined
      ? skipped('the verifier has no revocations')
      : filledDetail('none of {count} revocations refuses the token', {
          count: revocations.health().entries,
        }),
  issuer_rule: ({ context: { resolved } }) =>
    resolved?.cached.issuer.issuer.validateToken === undefined
      ? skipped('the issuer has no rule about its tokens')
      : 'the token follows the rule of its issuer',
  age({ context: { resolved, policies, now } }) {
    const { maxTokenAge: limit } = policies
    if (limit === undefined) return skipped('no policy has maxTokenAge')
    const age = Math.max(0, now - (resolved?.cached.issuedAt ?? Number.NaN))
    return filledDetail('the token is {age:s} old, and maxTokenAge is {limit:s}', { age, limit })
  },
  lifetime({ context: { resolved, policies } }) {
    const { maxTokenLifetime: limit } = policies
    if (limit === undefined) return skipped('no policy has maxTokenLifetime')
    const values = { lifetime: resolved?.cached.lifetime, limit }
    return filledDetail(
      'the lifetime of the token is {lifetime:s}, and maxTokenLifetime is {limit:s}',
      values,
    )
  },
  issuers: (decision) =>
    allowed(decision, 'issuers', 'the issuer is {value}', decision.context.resolved?.cached.token.issuer),
  clients: (decision) =>
    allowed(decision, 'clients', 'the client is {value}', decision.context.resolved?.cached.client),
  subjects: (decision) =>
    allowed(decision, 'subjects', 'the subject is {value}', decision.context.resolved?.cached.statedSubject),
  claims_rule({ context: { policies } }) {
    const rules = policies.callers.flatMap(({ claims }) => (claims === undefined ? [] : [claims]))
    if (rules.length === 0) return skipped('no policy has claims')
    return `the claims follow the rule claims of ${rules.length === 1 ? 'the policy' : `${rules.length} policies`}`
  },
  scopes({ context: { resolved, policies } }) {
    const required = [...policies.requiredScopes, ...policies.scopeRules]
    if (required.length === 0) return skipped('no policy requires scopes')
    return filledDetail('the token has {granted}, and the policies require {required}', {
      granted: resolved?.cached.token.scopes,
      required: phrase(describeScopes(required)),
    })
  },
  check: ({ context: { policies } }) =>
    policies.checks.length === 0 ? skipped('no policy has a check') : 'check returned true',
}

/** Every check, in the order in which an explanation lists them. The first that fails decides. */
export const CHECKS = Object.keys(PASSED) as readonly CheckName[]

function ofJwt(detail: Detail): Detail {
  return (decision) => (decision.isJwt ? detail(decision) : skipped('the token is opaque'))
}

function ofLocalJwt(detail: Detail): Detail {
  return ofJwt((decision) =>
    decision.kind === 'introspected_jwt' ? skipped('the issuer introspects the JWTs') : detail(decision),
  )
}

function allowed(
  { context: { policies } }: ExplainedDecision,
  member: 'issuers' | 'clients' | 'subjects',
  template: string,
  value: string | undefined,
): string | NotApplicable {
  const lists = policies.callers.map((rule: CallerRule) => rule[member]).filter((list) => list !== undefined)
  if (lists.length === 0) return skipped(`no policy has ${member}`)
  return filledDetail(`${template}, and ${member} allows {allowed}`, { value, allowed: lists.flat() })
}
