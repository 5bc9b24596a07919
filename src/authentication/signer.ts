import { SecretError } from '../options/secret.js'
import { errorNameAndCode } from '../util/quote.js'
import type { AssertionSigner } from '../model/key/private-key.js'

/** Bytes of each integer of an ECDSA signature (RFC 7518 section 3.4). */
const INTEGER_BYTES: Readonly<Record<string, number>> = { ES256: 32, ES384: 48, ES512: 66 }

/**
 * Signs the header and the claims of a JWT with a custom function (RFC 7515 section 7.1).
 *
 * @param option - name of the key in errors.
 * @throws SecretError if the function fails, or returns bytes that are not a signature. Its own error is not quoted.
 */
export async function signByFunction(
  option: string,
  signer: AssertionSigner,
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const content = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  let signature: unknown
  try {
    signature = await signer.sign(Buffer.from(content))
  } catch (error) {
    throw new SecretError(`${option}.sign: the function failed with ${errorNameAndCode(error)}`)
  }
  const bytes =
    signature instanceof Uint8Array ? toJwsSignature(Buffer.from(signature), signer.alg) : undefined
  if (bytes === undefined) {
    throw new SecretError(
      `${option}.sign: must return a signature of ${signer.alg} as a Uint8Array or Buffer`,
    )
  }
  return `${content}.${bytes.toString('base64url')}`
}

function toJwsSignature(signature: Buffer, algorithm: string): Buffer | undefined {
  const size = INTEGER_BYTES[algorithm]
  if (size === undefined) return signature.length === 0 ? undefined : signature
  return signature.length === 2 * size ? signature : fromDer(signature, size)
}

/** Reads a DER sequence of two integers, and returns them with `size` bytes each. */
function fromDer(der: Buffer, size: number): Buffer | undefined {
  const isLong = der[1] === 0x81
  const start = isLong ? 3 : 2
  if (der[0] !== 0x30 || (isLong ? der[2] : der[1]) !== der.length - start) return undefined
  const first = readInteger(der, start, size)
  const second = first === undefined ? undefined : readInteger(der, first.end, size)
  if (first === undefined || second?.end !== der.length) return undefined
  return Buffer.concat([first.bytes, second.bytes])
}

function readInteger(
  der: Buffer,
  at: number,
  size: number,
): { readonly bytes: Buffer; readonly end: number } | undefined {
  const length = der[at + 1]
  if (der[at] !== 0x02 || length === undefined || at + 2 + length > der.length) return undefined
  const end = at + 2 + length
  // DER integers are signed, so a zero byte may precede the value.
  const value = der.subarray(at + 2, end)
  const significant = value[0] === 0 ? value.subarray(1) : value
  if (significant.length > size) return undefined
  return { bytes: Buffer.concat([Buffer.alloc(size - significant.length), significant]), end }
}
