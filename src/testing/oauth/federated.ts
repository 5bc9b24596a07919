import { isRecord } from '../../util/members.js'
import { clientKeys, decodeJwt, isSignedBy } from './client-assertion.js'

/** Identity of a platform, such as Kubernetes, with whose tokens a client authenticates (RFC 7523 section 2.2). */
export interface FederatedIdentity {
  /** The `iss` of the platform's tokens. */
  readonly issuer: string
  /** The `sub` of the workload, compared exactly. */
  readonly subject: string
  /**
   * The `aud` that the platform writes for this issuer.
   *
   * @defaultValue the URL of the test issuer
   */
  readonly audience?: string
  /** Public keys of the platform as a JWK Set (RFC 7517 section 5). */
  readonly jwks: {
    /** Public keys as JWKs (RFC 7517 section 4). */
    readonly keys: readonly object[]
  }
}

/**
 * Verifies a token of a platform: issuer, subject, audience, signature and times. It may be used until it expires, because
 * platforms write it to a file once per hour or so. Returns the problem, if there is one.
 */
export function federatedProblem(
  identity: FederatedIdentity,
  assertion: string,
  { issuer, now }: { readonly issuer: string; readonly now: number },
): string | undefined {
  const jwt = decodeJwt(assertion)
  if (jwt === undefined) return 'the assertion is not a JWT'
  const { iss, sub, aud, exp, nbf } = jwt.claims
  if (iss !== identity.issuer) return 'the iss of the assertion is not that of the federated identity'
  if (sub !== identity.subject) return 'the sub of the assertion is not that of the federated identity'
  if (![aud].flat().includes(identity.audience ?? issuer)) return 'the assertion is not for this issuer'
  const { keys = [] } = clientKeys({ jwks: { keys: identity.jwks.keys.filter(isRecord) } })
  if (!keys.some((key) => isSignedBy(key, assertion, jwt.header)))
    return 'the assertion is not signed with a key of the federated identity'
  if (typeof exp !== 'number' || exp <= now) return 'the assertion has expired'
  return typeof nbf === 'number' && nbf > now ? 'the assertion is not valid yet' : undefined
}
