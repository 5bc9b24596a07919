import { isRecord, ownMember, string } from '../util/members.js'
import { ExchangeError } from '../http/exchange-error.js'
import { readJwk } from './jwk.js'
import type { KeyQuery, VerificationKey } from '../model/verification-key.js'

/** Two keys under one id happen; more candidates than this would let a token choose our workload. */
const MOST_CANDIDATES = 4

/** The content of a key set document that matters here. */
export interface PublishedKeys {
  readonly keys: readonly VerificationKey[]
  /** Every id in the document, also those of entries that cannot be used: such an id is known, not new. */
  readonly kids: ReadonlySet<string>
}

/**
 * Reads a key set (RFC 7517 section 5).
 *
 * @param maxKeys how many entries are looked at.
 * @throws ExchangeError
 */
export function readKeySet(document: unknown, maxKeys: number): PublishedKeys {
  const entries = isRecord(document) ? ownMember(document, 'keys') : undefined
  if (!Array.isArray(entries)) throw new ExchangeError('the key set has no list of keys')
  const listed = (entries as readonly unknown[]).slice(0, maxKeys)
  return { keys: usableKeys(listed), kids: new Set(listed.flatMap(kidOf)) }
}

/** The entries of a key set that can verify signatures, without repetitions. */
export function usableKeys(entries: readonly unknown[]): readonly VerificationKey[] {
  const keys = new Map<string, VerificationKey>()
  for (const entry of entries) {
    const key = readJwk(entry)
    if (key !== undefined && !keys.has(key.identity)) keys.set(key.identity, key)
  }
  return [...keys.values()]
}

/** Whether one of the keys can be used. Keys of a known type may still have a point that is not on their curve. */
export function hasUsableKey(keys: readonly VerificationKey[]): boolean {
  return keys.some((key) => key.keyObject() !== undefined)
}

function kidOf(entry: unknown): readonly string[] {
  const kid = isRecord(entry) ? string(entry, 'kid') : undefined
  return kid === undefined ? [] : [kid]
}

/**
 * By key id and algorithm (RFC 7517 sections 4.2 to 4.5; `use` and `key_ops` were judged when the key was
 * read). A token without key id is matched only if a single key fits. A key that was configured without
 * an id, as every PEM is, answers to any: naming the key was the configuration's doing.
 */
export function candidates(
  { keys }: PublishedKeys,
  { kid, algorithm }: KeyQuery,
  configured = false,
): readonly VerificationKey[] {
  const fitting = keys.filter(
    (key) =>
      (kid === undefined || key.kid === kid || (configured && key.kid === undefined)) &&
      key.algorithms.includes(algorithm),
  )
  if (kid === undefined) return fitting.length === 1 ? fitting : []
  return fitting.slice(0, MOST_CANDIDATES)
}
