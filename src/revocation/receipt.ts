import { isStringList } from '../util/members.js'
import { parseJson } from '../util/json.js'
import { parseEntry, serializeEntry, type Entry } from './entry.js'

/** Maximum characters of a receipt that is read. */
const MAX_LENGTH = 1_000_000

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
 * @throws TypeError if it is not a receipt.
 */
export function readReceipt(receipt: unknown): readonly Entry[] {
  const texts =
    typeof receipt === 'string' && receipt.length <= MAX_LENGTH
      ? parseJson(Buffer.from(receipt, 'base64url').toString())
      : undefined
  const entries = isStringList(texts) ? texts.map(parseEntry) : []
  const valid = entries.filter((entry) => entry !== undefined)
  if (valid.length === 0 || valid.length < entries.length)
    throw new TypeError('reached() requires the receipt of a revocation')
  return valid
}

/** Joins receipts to one, which is reached once each of them is. */
export function mergeReceipts(receipts: readonly string[]): string {
  const [only] = receipts
  return receipts.length === 1 && only !== undefined ? only : createReceipt(receipts.flatMap(readReceipt))
}
