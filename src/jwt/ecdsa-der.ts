const SEQUENCE = 0x30
const INTEGER = 0x02
/** A length of one byte ends here; a longer one says first of how many bytes it is (ITU-T X.690 section 8.1.3). */
const SHORT_LENGTHS = 0x80
const LENGTH_OF_ONE_BYTE = 0x81

/**
 * An ECDSA signature of a JWS, two numbers of `size` bytes each side by side (RFC 7518 section 3.4), in the form that
 * OpenSSL reads without being told of any other: a DER sequence of two integers. Undefined for one that is not exactly
 * as long: a number has one way to be written, in JWS as in DER.
 */
export function toDer(signature: Buffer, size: number): Buffer | undefined {
  if (signature.length !== 2 * size) return undefined
  // From its end, because each length stands before what it tells the length of. Nine bytes: the tags, the lengths, and
  // the zeros that keep numbers positive.
  const der = Buffer.allocUnsafe(2 * size + 9)
  let start = prependInteger(der, der.length, signature, size)
  start = prependInteger(der, start, signature.subarray(0, size), 0)
  const length = der.length - start
  start -= 1
  der[start] = length
  if (length >= SHORT_LENGTHS) {
    start -= 1
    der[start] = LENGTH_OF_ONE_BYTE
  }
  start -= 1
  der[start] = SEQUENCE
  return der.subarray(start)
}

/** Writes the number in `bytes` from `from` on as an integer that ends at `end`; gives where it starts. */
function prependInteger(der: Buffer, end: number, bytes: Buffer, from: number): number {
  let first = from
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1
  let start = end - (bytes.length - first)
  bytes.copy(der, start, first)
  // A first bit that is set would be a sign.
  if (((bytes[first] ?? 0) & 0x80) !== 0) {
    start -= 1
    der[start] = 0
  }
  der[start - 1] = end - start
  der[start - 2] = INTEGER
  return start - 2
}
