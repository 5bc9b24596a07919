import { tokenDigest } from '../../model/token-digest.js'
import type { RevocableToken } from '../../revocation/revocation-set.js'
import { ownMember } from '../../util/members.js'
import type { CachedToken } from '../cached-token.js'

/** Bytes of a SHA-256 that identify a token: 128 bits. */
const DIGEST_BYTES = 16

/** Returns the digest by which an opaque token is revoked, from its {@link tokenDigest}. */
export function digestOfOpaque(digest: string): string {
  return Buffer.from(digest.slice(0, DIGEST_BYTES), 'latin1').toString('base64url')
}

/**
 * Returns the digest by which a JWT without `jti` is revoked: that of its signed part, because a signature may have several
 * encodings, and an ECDSA signature can be changed to another valid one without the key.
 */
function digestOfSigned(token: string): string {
  return digestOfOpaque(tokenDigest(token.slice(0, token.lastIndexOf('.'))))
}

/** Returns the digest by which a token is revoked. */
export function revocationDigest(token: string, format: 'jwt' | 'opaque'): string {
  return format === 'jwt' ? digestOfSigned(token) : digestOfOpaque(tokenDigest(token))
}

/**
 * Returns the facts of a token that revocations are about. Those before and after a confirmation both count, so that no
 * confirmation makes a revoked token pass.
 */
export function revocableFrom(cached: CachedToken, token: string): RevocableToken {
  const { issuer, issuerTemplate, proven, issuedAt, client } = cached
  const states = proven.token === cached.token ? [cached.token] : [cached.token, proven.token]
  const clients = states.map((state) => ownMember(state, 'clientId'))
  if (!proven.namesClient) clients.push(proven.token.subject)
  return {
    issuers: distinct([...states.map((state) => state.issuer), issuer.issuer.name, issuerTemplate]),
    tokenIds: distinct(states.map((state) => ownMember(state, 'tokenId'))),
    clients: distinct([client, ...clients]),
    subjects: distinct(states.map((state) => state.subject)),
    issuedAt,
    digest: () => (cached.revocationDigest ??= revocationDigest(token, cached.token.format)),
  }
}

function distinct(values: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== undefined)
}
