import { isPlain, isRecord, isStringList, ownMember } from '../util/members.js'
import { deepFreeze } from '../util/freeze.js'
import { sharedScopes } from './scope-lists.js'
import { fingerprintOf } from './token-digest.js'

/**
 * An accepted access token. The type is the same for every issuer and both formats.
 *
 * Frozen, claims included, because every request that carries the token shares one object. It never contains the raw
 * token.
 */
export interface AccessToken {
  /** Format of the token: `jwt` for a signed token (RFC 7519), `opaque` for a token that only its issuer can read. */
  readonly format: 'jwt' | 'opaque'
  /** Issuer: the `iss` value, or the configured issuer's name if the token or the response has no `iss`. */
  readonly issuer: string
  /** Kind of issuer: `oauth`, `clerk`, `stytch`, `authlete`, or the `provider` of a custom issuer. */
  readonly provider: string
  /**
   * Subject: the `sub` value, or the client id for issuers that omit `sub` from machine tokens. A policy's `subjects`
   * does not compare such a client id.
   */
  readonly subject: string
  /** Id of the client that the token was issued to; absent if no claim names a client. */
  readonly clientId?: string
  /** Granted scopes, without duplicates. */
  readonly scopes: readonly string[]
  /** Audiences that the token was issued for (RFC 7519 section 4.1.3); empty if it states none. */
  readonly audience: readonly string[]
  /** Identifier of the token (`jti`); absent if it has none. */
  readonly tokenId?: string
  /** Time of issue (`iat`), in seconds since the epoch; absent if unknown. */
  readonly issuedAt?: number
  /** Expiry (`exp`), in seconds since the epoch; absent if the token states none. */
  readonly expiresAt?: number
  /** Time at which the issuer last confirmed the token remotely, in seconds since the epoch; absent if it never did. */
  readonly confirmedAt?: number
  /** All claims of the JWT, or all members of the introspection response. */
  readonly claims: Readonly<Record<string, unknown>>
  /**
   * Fingerprint of the token: the first 16 hex digits of its SHA-256. Identifies the token in logs without revealing
   * it.
   */
  readonly fingerprint: string
}

/**
 * Facts that an issuer reads from a JWT or an introspection response, as a plain object. The verifier makes an
 * {@link AccessToken} of them.
 */
export interface TokenFacts {
  /** Issuer (`iss`). Without it the configured issuer's name is used. */
  readonly issuer?: string | undefined
  /** Subject (`sub`), or the client id if the token has no subject. */
  readonly subject: string
  /** Id of the client that the token was issued to. */
  readonly clientId?: string | undefined
  /**
   * Whether the token names a client although `clientId` is absent. A policy's `clients` then does not compare the subject
   * in place of the client id.
   *
   * @defaultValue whether a well-known claim names a client: `client_id`, `azp`, `cid`, `appid`, `clientId`
   */
  readonly namesClient?: boolean | undefined
  /** Granted scopes. */
  readonly scopes: readonly string[]
  /** Audiences (`aud`); empty if none are stated. */
  readonly audience: readonly string[]
  /** Identifier of the token (`jti`). */
  readonly tokenId?: string | undefined
  /** Time of issue (`iat`), in seconds since the epoch. */
  readonly issuedAt?: number | undefined
  /** Time before which the token is not valid (`nbf`), in seconds since the epoch. */
  readonly notBefore?: number | undefined
  /** Expiry (`exp`), in seconds since the epoch; absent if none is stated. */
  readonly expiresAt?: number | undefined
  /** All claims of the JWT, or all members of the response. The verifier freezes them. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** Facts that a response states about a JWT whose signature is already verified. An absent property is not stated. */
export interface StatedFacts extends Partial<Omit<TokenFacts, 'clientId'>> {
  /** Id of the client; a list if the issuer identifies the client by several ids. */
  readonly clientId?: string | readonly string[] | undefined
}

/** Source of the facts about a token: the cache, local verification of a JWT, or a remote call to the issuer. */
export type VerificationSource = 'cache' | 'local' | 'remote'

/** Properties of an access token that are not among its facts. */
export interface TokenOrigin {
  readonly format: AccessToken['format']
  readonly issuerName: string
  readonly provider: string
  readonly digest: string
  readonly confirmedAt: number | undefined
  /** The claims, if they are already deeply frozen. */
  readonly frozen: TokenFacts['claims'] | undefined
  /** The claims as JSON, if they are too large to be kept parsed. */
  readonly text: string | undefined
}

/**
 * Creates the frozen access token that requests share. Absent facts stay absent, so that `'tokenId' in token` is
 * meaningful.
 *
 * @throws TypeError for a fact of the wrong type, which a custom issuer may return.
 */
export function createAccessToken(facts: TokenFacts, origin: TokenOrigin): AccessToken {
  assertPlain(facts)
  const clientId = optionalString(facts, 'clientId')
  const tokenId = optionalString(facts, 'tokenId')
  const issuedAt = optionalTime(facts, 'issuedAt')
  const expiresAt = optionalTime(facts, 'expiresAt')
  assertStrings(facts, 'scopes')
  assertStrings(facts, 'audience')
  if (typeof facts.subject !== 'string') throw invalidFact('subject', 'a string')
  if (!isRecord(facts.claims)) throw invalidFact('claims', 'an object')
  const token: Writable<AccessToken> = {
    format: origin.format,
    issuer: optionalString(facts, 'issuer') ?? origin.issuerName,
    provider: origin.provider,
    subject: facts.subject,
    scopes: sharedScopes(facts.scopes),
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

/** Defines claims that are parsed when they are read. The parsed object is only held weakly, to bound the cache. */
function defineClaims(token: object, json: string): void {
  let parsed: WeakRef<AccessToken['claims']> | undefined
  const get = (): AccessToken['claims'] => {
    const cached = parsed?.deref()
    if (cached !== undefined) return cached
    const claims = deepFreeze(JSON.parse(json) as AccessToken['claims'])
    parsed = new WeakRef(claims)
    return claims
  }
  Object.defineProperty(token, 'claims', { get, enumerable: true })
}

/** Copies a token with some properties replaced. Claims that are kept as JSON stay unparsed. */
export function withChanges(token: AccessToken, changes: Partial<Omit<AccessToken, 'claims'>>): AccessToken {
  const claims = Object.getOwnPropertyDescriptor(token, 'claims')
  if (claims?.get === undefined) return Object.freeze({ ...token, ...changes })
  // A spread would read the claims, and so parse them and keep them in memory.
  const names = Object.keys(token).filter((name) => name !== 'claims') as (keyof AccessToken)[]
  const copy = Object.fromEntries(names.map((name) => [name, token[name]]))
  Object.defineProperty(copy, 'claims', claims)
  // `fromEntries` loses the names of the properties, and the compiler does not follow `defineProperty`.
  return Object.freeze(Object.assign(copy, changes)) as unknown as AccessToken
}

function optionalString(facts: TokenFacts, name: 'issuer' | 'clientId' | 'tokenId'): string | undefined {
  const value: unknown = ownMember(facts, name)
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw invalidFact(name, 'a string or undefined')
}

/**
 * Reads a time in seconds since the epoch. A string is refused: compared with a number it may be `NaN`, and no check
 * would fail.
 */
export function optionalTime(
  facts: TokenFacts,
  name: 'issuedAt' | 'notBefore' | 'expiresAt',
): number | undefined {
  const value: unknown = ownMember(facts, name)
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return value
  throw invalidFact(name, 'a number of seconds or undefined')
}

/**
 * Checks that facts and their claims are plain objects. Only own properties are read, so that an inherited expiry or
 * `cnf` would be lost.
 *
 * @throws TypeError if one of them is not a plain object.
 */
export function assertPlain(facts: StatedFacts): void {
  if (!isPlain(facts)) throw new TypeError("an issuer's facts: facts must be a plain object")
  const claims: unknown = ownMember(facts, 'claims')
  if (isRecord(claims) && !isPlain(claims)) throw invalidFact('claims', 'a plain object')
}

/** Refuses a string in place of a list: `'orders:readonly'.includes('orders:read')` would grant a scope. */
function assertStrings(facts: TokenFacts, name: 'scopes' | 'audience'): void {
  if (!isStringList(facts[name])) throw invalidFact(name, 'a list of strings')
}

function invalidFact(name: keyof TokenFacts, expectation: string): TypeError {
  return new TypeError(`an issuer's facts: ${name} must be ${expectation}`)
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
