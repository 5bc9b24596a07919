import { isRecord, ownMember, string } from '../util/members.js'
import { ExchangeError } from '../http/exchange-error.js'
import { readJwk } from './jwk.js'
import { isKeyOf } from './key-issuer.js'
import { explain } from '../model/detail/explain.js'
import type { KeyQuery, VerificationKey } from '../model/key/verification-key.js'

/**
 * Maximum number of keys that are tried for one token. Issuers may publish two keys with one id; without a limit a key set
 * with many such keys would make one token cost as many verifications.
 */
const MOST_CANDIDATES = 4

/** Content of a key set document. */
export interface PublishedKeys {
  /** Keys that can verify signatures. */
  readonly keys: readonly VerificationKey[]
  /** All key ids in the document, including those of unusable entries, because such an id needs no new fetch. */
  readonly kids: ReadonlySet<string>
}

/**
 * Reads a key set (RFC 7517 section 5).
 *
 * @param maxKeys - maximum number of entries that are read. Further entries are ignored.
 * @throws ExchangeError if the document has no list of keys.
 */
export function readKeySet(document: unknown, maxKeys: number): PublishedKeys {
  const entries = isRecord(document) ? ownMember(document, 'keys') : undefined
  if (!Array.isArray(entries)) throw new ExchangeError('the key set has no list of keys')
  const listed = (entries as readonly unknown[]).slice(0, maxKeys)
  return { keys: readUsableKeys(listed), kids: new Set(listed.flatMap(readKid)) }
}

/** Returns the keys of a key set that can verify signatures, without duplicates. */
export function readUsableKeys(entries: readonly unknown[]): readonly VerificationKey[] {
  const keys = new Map<string, VerificationKey>()
  const isBundle = entries.some((entry) => isRecord(entry) && isSvidUse(ownMember(entry, 'use')))
  for (const entry of entries) {
    // Keys without a use must be ignored in a bundle (SPIFFE Trust Domain and Bundle section 4.2.2).
    if (isBundle && isRecord(entry) && ownMember(entry, 'use') === undefined) continue
    const key = readJwk(entry)
    if (key !== undefined && !keys.has(key.identity)) keys.set(key.identity, key)
  }
  return [...keys.values()]
}

/** Whether the `use` of a key marks a SPIFFE bundle. */
function isSvidUse(use: unknown): boolean {
  return use === 'jwt-svid' || use === 'x509-svid'
}

/** Whether at least one key can be imported. A key of a known type may have a point that is not on its curve. */
export function hasUsableKey(keys: readonly VerificationKey[]): boolean {
  return keys.some((key) => key.keyObject() !== undefined)
}

function readKid(entry: unknown): readonly string[] {
  const kid = isRecord(entry) ? string(entry, 'kid') : undefined
  return kid === undefined ? [] : [kid]
}

/**
 * Finds the keys that match a token's key id and algorithm (RFC 7517 sections 4.4 and 4.5), except those that the key set
 * names another issuer for. `use` and `key_ops` were checked when the keys were read. A token without a key id matches only
 * if exactly one key has its algorithm.
 *
 * @param isConfigured - whether the configuration contains the keys. A configured key without an id, such as a PEM key,
 * matches every key id, because the configuration has chosen it.
 */
export function findCandidates(
  { keys }: PublishedKeys,
  { kid, algorithm, iss }: KeyQuery,
  isConfigured = false,
): readonly VerificationKey[] {
  const fitting = keys.filter(
    (key) =>
      (kid === undefined || key.kid === kid || (isConfigured && key.kid === undefined)) &&
      key.algorithms.includes(algorithm) &&
      isKeyOf(key, iss),
  )
  if (kid === undefined) return fitting.length === 1 ? fitting : []
  return fitting.slice(0, MOST_CANDIDATES)
}

/** Explains why {@link findCandidates} found no usable key, for the `detail` of `key_unknown`. */
export function explainUnknownKey(
  { keys, kids }: PublishedKeys,
  { kid, algorithm, iss }: KeyQuery,
): () => string {
  if (keys.length === 0) return explain('key_unknown', 'empty', { kid, alg: algorithm })
  const named = keys.filter((key) => kid === undefined || key.kid === kid)
  const fitting = named.filter((key) => key.algorithms.includes(algorithm))
  const own = fitting.filter((key) => isKeyOf(key, iss))
  const [other] = fitting
  if (other !== undefined && own.length === 0)
    return explain('key_unknown', 'other_issuer', { kid: other.kid, stated: other.issuer, issuer: iss })
  if (kid === undefined) return explain('key_unknown', 'absent', { count: own.length, alg: algorithm })
  if (own.length > 0) return explain('key_unknown', 'unsupported', { kid, alg: algorithm })
  if (named.length > 0) {
    const algorithms = [...new Set(named.flatMap((key) => key.algorithms))]
    return explain('key_unknown', 'algorithm', { kid, algorithms, alg: algorithm })
  }
  if (kids.has(kid)) return explain('key_unknown', 'unusable', { kid })
  return explain('key_unknown', 'kid', { kid, alg: algorithm, kids: keys.map((key) => key.kid ?? null) })
}
