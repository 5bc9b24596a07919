import { createVerify, verify } from 'node:crypto'
import type { Issuance } from '../support/tokens.js'
import { borderOf, keyAlone, keyWithOptions, type RawKey } from '../verifiers/raw-signature.js'

/** Checks the signature of a compact JWS. */
export type Check = (token: string) => unknown

const DIGEST = 'sha256'

const createVerifyWith =
  ({ key, signatureOf }: RawKey): Check =>
  (token) => {
    const border = borderOf(token)
    return createVerify(DIGEST)
      .update(token.slice(0, border), 'latin1')
      .verify(key, signatureOf(token.slice(border + 1)))
  }

/** The signed text as it is, on this thread: what the library does with a token that comes alone. */
export const withCreateVerify = (issuance: Issuance): Check => createVerifyWith(keyAlone(issuance))

/** The same, with the key in an object of options. */
export const withOptions = (issuance: Issuance): Check => createVerifyWith(keyWithOptions(issuance))

/** Everything in one call, on this thread, with the parts decoded before. */
export function withVerify(issuance: Issuance): Check {
  const key = keyAlone(issuance)
  return (token) => verify(DIGEST, ...partsOf(token, key))
}

/** The same call in the thread pool. */
export function inThreadPool(issuance: Issuance): Check {
  const key = keyAlone(issuance)
  return (token) =>
    new Promise((resolve, reject) => {
      verify(DIGEST, ...partsOf(token, key), (error, isGood) => {
        if (error === null) resolve(isGood)
        else reject(error)
      })
    })
}

function partsOf(
  token: string,
  { key, signatureOf }: RawKey,
): [data: Buffer, key: RawKey['key'], signature: Buffer] {
  const border = borderOf(token)
  return [Buffer.from(token.slice(0, border), 'latin1'), key, signatureOf(token.slice(border + 1))]
}
