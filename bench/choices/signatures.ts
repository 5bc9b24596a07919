import { createPublicKey, createVerify, verify, type KeyObject, type SigningOptions } from 'node:crypto'
import type { Issuance } from '../support/tokens.js'
import { signatureOptions } from '../verifiers/limits.js'

/** A key with all that goes with it. */
type Key = SigningOptions & { readonly key: KeyObject }

/** Checks the signature of a compact JWS. */
export type Check = (token: string) => unknown

const DIGEST = 'sha256'

const keyOf = ({ pem, algorithm }: Issuance): Key => ({
  key: createPublicKey(pem),
  ...signatureOptions[algorithm],
})

/** Texts as they are, on this thread: what the library does with a token that comes alone. */
export function withCreateVerify(issuance: Issuance): Check {
  const key = keyOf(issuance)
  return (token) => {
    const border = token.lastIndexOf('.')
    return createVerify(DIGEST)
      .update(token.slice(0, border), 'latin1')
      .verify(key, token.slice(border + 1), 'base64url')
  }
}

/** Everything in one call, on this thread, with the parts decoded before. */
export function withVerify(issuance: Issuance): Check {
  const key = keyOf(issuance)
  return (token) => verify(DIGEST, ...partsOf(token, key))
}

/** The same call in the thread pool. */
export function inThreadPool(issuance: Issuance): Check {
  const key = keyOf(issuance)
  return (token) =>
    new Promise((resolve, reject) => {
      verify(DIGEST, ...partsOf(token, key), (error, isGood) => {
        if (error === null) resolve(isGood)
        else reject(error)
      })
    })
}

function partsOf(token: string, key: Key): [data: Buffer, key: Key, signature: Buffer] {
  const border = token.lastIndexOf('.')
  const data = Buffer.from(token.slice(0, border), 'latin1')
  return [data, key, Buffer.from(token.slice(border + 1), 'base64url')]
}
