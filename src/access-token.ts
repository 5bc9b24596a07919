import { hash } from 'node:crypto'

/**
 * What is known of an accepted access token: the one result type, whatever the issuer and the format.
 * Frozen, claims included, because every request that carries the token shares it. Never holds the token.
 */
export interface AccessToken {
  /** `jwt` for a signed token (RFC 7519), `opaque` for one only its issuer can read. */
  readonly format: 'jwt' | 'opaque'
  /** The `iss` value, or the configured issuer's name where the token or answer has none. */
  readonly issuer: string
  /** The kind of issuer: `oauth`, `clerk`, `stytch`, `authlete`, or an own issuer's word. */
  readonly provider: string
  /** The `sub` value; for issuers that leave it out of machine tokens, the client id. */
  readonly subject: string
  /** The client the token was issued to, where the issuer says so. */
  readonly clientId?: string
  /** The scopes granted, without duplicates. */
  readonly scopes: readonly string[]
  /** The audiences the token was issued for (RFC 7519 section 4.1.3). */
  readonly audience: readonly string[]
  /** The token's identifier (`jti`), where it has one. */
  readonly tokenId?: string
  /** When it was issued, in seconds since the epoch. */
  readonly issuedAt?: number
  /** When it expires, in seconds since the epoch. */
  readonly expiresAt?: number
  /** When the issuer last vouched for it remotely, in seconds since the epoch. */
  readonly confirmedAt?: number
  /** Every claim of the token, or every member of the issuer's answer about it. */
  readonly claims: Readonly<Record<string, unknown>>
  /** The first 16 hex digits of the token's SHA-256: names a token in logs without giving it away. */
  readonly fingerprint: string
}

/** What is read out of a token or of an issuer's answer, before it becomes an {@link AccessToken}. */
export interface TokenFacts {
  readonly issuer?: string | undefined
  readonly subject: string
  readonly clientId?: string | undefined
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly tokenId?: string | undefined
  readonly issuedAt?: number | undefined
  readonly notBefore?: number | undefined
  readonly expiresAt?: number | undefined
  readonly claims: Readonly<Record<string, unknown>>
}

/** Where what is known of a token came from: memory, our own check of a JWT, or its issuer. */
export type TokenSource = 'cache' | 'local' | 'remote'

/** The SHA-256 of a token in hex: what a token is remembered under, so that no cache holds the token. */
export function tokenDigest(token: string): string {
  return hash('sha256', token, 'hex')
}

/** The part of a {@link tokenDigest} that may be shown. */
export function fingerprintOf(digest: string): string {
  return digest.slice(0, 16)
}

/** Freezes facts into the token that requests see. Absent members stay absent: `'tokenId' in token` is true or false. */
export function createAccessToken(
  facts: TokenFacts,
  origin: {
    readonly format: AccessToken['format']
    readonly issuerName: string
    readonly provider: string
    readonly digest: string
    readonly confirmedAt?: number | undefined
  },
): AccessToken {
  return Object.freeze({
    format: origin.format,
    issuer: facts.issuer ?? origin.issuerName,
    provider: origin.provider,
    subject: facts.subject,
    ...(facts.clientId === undefined ? {} : { clientId: facts.clientId }),
    scopes: Object.freeze([...facts.scopes]),
    audience: Object.freeze([...facts.audience]),
    ...(facts.tokenId === undefined ? {} : { tokenId: facts.tokenId }),
    ...(facts.issuedAt === undefined ? {} : { issuedAt: facts.issuedAt }),
    ...(facts.expiresAt === undefined ? {} : { expiresAt: facts.expiresAt }),
    ...(origin.confirmedAt === undefined ? {} : { confirmedAt: origin.confirmedAt }),
    claims: deepFreeze(facts.claims),
    fingerprint: fingerprintOf(origin.digest),
  })
}

/** The same token, now vouched for by its issuer at `confirmedAt`. */
export function withConfirmation(token: AccessToken, confirmedAt: number): AccessToken {
  return Object.freeze({ ...token, confirmedAt })
}

function deepFreeze<T extends object>(root: T): T {
  // A worklist, not recursion: nesting is the token's choice and must not become our stack depth.
  const pending: object[] = [root]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (Object.isFrozen(item)) continue
    Object.freeze(item)
    for (const member of Object.values(item)) {
      if (typeof member === 'object' && member !== null) pending.push(member as object)
    }
  }
  return root
}
