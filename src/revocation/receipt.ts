import { isStringList } from '../util/members.js'
import { parseJson } from '../util/json.js'
import { parseEntry, serializeEntry, type Entry } from './entry.js'

/**
 * Maximum characters of a receipt: more than that of 100 targets of a request of 256 KiB at an issuer with three names, although
 * JSON escapes its characters twice.
 */
const MAX_LENGTH = 8_000_000

/**
 * Creates the receipt of a revocation. It contains the entries themselves, so that any process can tell whether it refuses
 * them, whatever happened to the store in between.
 */
export function createReceipt(entries: readonly Entry[]): string {
  const texts = entries.map((entry) => serializeEntry({ ...entry, reason: undefined }))
  return Buffer.from(JSON.stringify(texts)).toString('base64url')
}

/**
 * Reads a receipt.
 *
 * @throws TypeError if it is not a receipt, or too long.
 */
export function readReceipt(receipt: unknown): readonly Entry[] {
  if (typeof receipt === 'string' && receipt.length > MAX_LENGTH)
    throw new TypeError(`reached() requires a receipt of at most ${MAX_LENGTH} characters`)
  const texts =
    typeof receipt === 'string' ? parseJson(Buffer.from(receipt, 'base64url').toString()) : undefined
  const entries = isStringList(texts) ? texts.map(parseEntry) : []
  const valid = entries.filter((entry) => entry !== undefined)
  if (valid.length === 0 || valid.length < entries.length)
    throw new TypeError('reached() requires the receipt of a revocation')
  return valid
}

/** Whether the receipts of several revocations can be joined to one that `reached()` reads. */
export function isMergeable(receipts: readonly string[]): boolean {
  // Joining never makes them longer than they are together.
  return receipts.reduce((length, receipt) => length + receipt.length, 0) <= MAX_LENGTH
}

/** Joins receipts to one, which is reached once each of them is. */
export function mergeReceipts(receipts: readonly string[]): string {
  const [only] = receipts
  return receipts.length === 1 && only !== undefined ? only : createReceipt(receipts.flatMap(readReceipt))
}
