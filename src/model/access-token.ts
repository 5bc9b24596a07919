import { isPlain, isRecord, isStringList, ownMember } from '../util/members.js'
import { deepFreeze } from '../util/freeze.js'
import { fingerprintOf } from './token-digest.js'

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
  /** The `sub` value; for issuers that leave it out of machine tokens, the client id, which `subjects` does not compare. */
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

/** What is read out of a token or of an issuer's answer, before it becomes an {@link AccessToken}. A plain object. */
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

/** What a response states about a JWT that is verified already. An absent member is not stated. */
export interface StatedFacts extends Partial<Omit<TokenFacts, 'clientId'>> {
  /** The client's id; a list if the issuer knows the client by several ids. */
  readonly clientId?: string | readonly string[] | undefined
}

/** Where what is known of a token came from: memory, our own check of a JWT, or its issuer. */
export type VerificationSource = 'cache' | 'local' | 'remote'

/** Where facts come from, and what else a token says of itself. */
export interface TokenOrigin {
  readonly format: AccessToken['format']
  readonly issuerName: string
  readonly provider: string
  readonly digest: string
  readonly confirmedAt: number | undefined
  /** Claims that are known to be frozen, with everything in them. */
  readonly frozen: TokenFacts['claims'] | undefined
  /** The claims as JSON, if they are too large to be kept parsed. */
  readonly text: string | undefined
}

/**
 * Freezes facts into the token that requests see. Absent members stay absent: `'tokenId' in token` is true or false.
 *
 * @throws TypeError for facts of another type than theirs, which functions of an issuer written by hand may give.
 */
export function createAccessToken(facts: TokenFacts, origin: TokenOrigin): AccessToken {
  assertPlain(facts)
  const clientId = optionalString(facts, 'clientId')
  const tokenId = optionalString(facts, 'tokenId')
  const issuedAt = optionalTime(facts, 'issuedAt')
  const expiresAt = optionalTime(facts, 'expiresAt')
  assertStrings(facts, 'scopes')
  assertStrings(facts, 'audience')
  if (typeof facts.subject !== 'string') throw wrongFact('subject', 'a string')
  if (!isRecord(facts.claims)) throw wrongFact('claims', 'an object')
  const token: Writable<AccessToken> = {
    format: origin.format,
    issuer: optionalString(facts, 'issuer') ?? origin.issuerName,
    provider: origin.provider,
    subject: facts.subject,
    scopes: Object.freeze(facts.scopes.slice()),
    audience: Object.freeze(facts.audience.slice()),
    claims:
      origin.text !== undefined
        ? {}
        : facts.claims === origin.frozen
          ? facts.claims
          : deepFreeze(facts.claims),
    fingerprint: fingerprintOf(origin.digest),
  }
  if (clientId !== undefined) token.clientId = clientId
  if (tokenId !== undefined) token.tokenId = tokenId
  if (issuedAt !== undefined) token.issuedAt = issuedAt
  if (expiresAt !== undefined) token.expiresAt = expiresAt
  if (origin.confirmedAt !== undefined) token.confirmedAt = origin.confirmedAt
  if (origin.text !== undefined) defineClaims(token, origin.text)
  return Object.freeze(token)
}

/** Claims that are parsed when they are read. The parsed ones live as long as somebody uses them. */
function defineClaims(token: object, text: string): void {
  let parsed: WeakRef<AccessToken['claims']> | undefined
  const get = (): AccessToken['claims'] => {
    const known = parsed?.deref()
    if (known !== undefined) return known
    const claims = deepFreeze(JSON.parse(text) as AccessToken['claims'])
    parsed = new WeakRef(claims)
    return claims
  }
  Object.defineProperty(token, 'claims', { get, enumerable: true })
}

/** A copy of a token with some members changed. Claims that are kept as text stay so. */
export function withChanges(token: AccessToken, changes: Partial<Omit<AccessToken, 'claims'>>): AccessToken {
  const claims = Object.getOwnPropertyDescriptor(token, 'claims')
  if (claims?.get === undefined) return Object.freeze({ ...token, ...changes })
  // Spread, the claims would be parsed and kept.
  const names = Object.keys(token).filter((name) => name !== 'claims') as (keyof AccessToken)[]
  const copy = Object.fromEntries(names.map((name) => [name, token[name]]))
  Object.defineProperty(copy, 'claims', claims)
  // `fromEntries` loses the names of the members, and the compiler does not see `defineProperty`.
  return Object.freeze(Object.assign(copy, changes)) as unknown as AccessToken
}

function optionalString(facts: TokenFacts, name: 'issuer' | 'clientId' | 'tokenId'): string | undefined {
  const value: unknown = ownMember(facts, name)
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw wrongFact(name, 'a string or undefined')
}

/** Reads a time in seconds since the epoch. A string is refused, because no comparison with a number might ever hold. */
export function optionalTime(
  facts: TokenFacts,
  name: 'issuedAt' | 'notBefore' | 'expiresAt',
): number | undefined {
  const value: unknown = ownMember(facts, name)
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return value
  throw wrongFact(name, 'a number of seconds or undefined')
}

/**
 * Checks that facts and their claims inherit nothing: only own members are read, so that an expiry or a binding which a class
 * or another object gives would be lost.
 *
 * @throws TypeError
 */
export function assertPlain(facts: StatedFacts): void {
  if (!isPlain(facts)) throw new TypeError("an issuer's facts: facts must be a plain object")
  const claims: unknown = ownMember(facts, 'claims')
  if (isRecord(claims) && !isPlain(claims)) throw wrongFact('claims', 'a plain object')
}

/** A string in place of the list would contain every scope that is part of a longer one. */
function assertStrings(facts: TokenFacts, name: 'scopes' | 'audience'): void {
  if (!isStringList(facts[name])) throw wrongFact(name, 'a list of strings')
}

function wrongFact(name: keyof TokenFacts, right: string): TypeError {
  return new TypeError(`an issuer's facts: ${name} must be ${right}`)
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
