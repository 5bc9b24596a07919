const SEQUENCE = 0x30
const INTEGER = 0x02
/**
 * Lengths below this one take one byte. A longer one starts with the number of its bytes (ITU-T X.690 section 8.1.3).
 */
const LONG_LENGTHS = 0x80
const LENGTH_OF_ONE_BYTE = 0x81

/**
 * Converts the ECDSA signature of a JWS, two integers of `size` bytes each (RFC 7518 section 3.4), to a DER sequence of
 * two integers, which OpenSSL reads by default. Returns `undefined` for a signature of any other length, so that a
 * signature has one encoding.
 */
export function toDer(signature: Buffer, size: number): Buffer | undefined {
  if (signature.length !== 2 * size) return undefined
  // Written from the end, because each length precedes its content. Nine more bytes: tags, lengths, and the zeros that
  // keep integers positive.
  const der = Buffer.allocUnsafe(2 * size + 9)
  let start = prependInteger(der, der.length, signature, size)
  start = prependInteger(der, start, signature.subarray(0, size), 0)
  const length = der.length - start
  start -= 1
  der[start] = length
  if (length >= LONG_LENGTHS) {
    start -= 1
    der[start] = LENGTH_OF_ONE_BYTE
  }
  start -= 1
  der[start] = SEQUENCE
  return der.subarray(start)
}

/** Writes the number at `from` in `bytes` as a DER integer that ends at `end`. Returns the offset of its start. */
function prependInteger(der: Buffer, end: number, bytes: Buffer, from: number): number {
  let first = from
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1
  let start = end - (bytes.length - first)
  bytes.copy(der, start, first)
  // DER integers are signed: a zero byte is prepended if the first bit is set.
  if (((bytes[first] ?? 0) & 0x80) !== 0) {
    start -= 1
    der[start] = 0
  }
  der[start - 1] = end - start
  der[start - 2] = INTEGER
  return start - 2
}
