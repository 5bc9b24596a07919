import { constants, createHmac, sign, type KeyObject } from 'node:crypto'
import {
  createSigningKey,
  type SigningAlgorithm,
  type SigningKey,
} from '../../../src/testing/state/signing-keys.js'
import { withReservedKeys } from './reserved-keys.js'

/** Encodes a segment: a string or bytes unchanged, any other value as JSON. */
export type Part = string | Buffer | object

/** Base64url of a segment. */
export function encode(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part)
  return Buffer.from(bytes as string).toString('base64url')
}

/** The same, decoded. */
export function decode(segment: string): Buffer {
  return Buffer.from(segment, 'base64url')
}

const made = new Map<string, SigningKey>()

/** A key pair, made once: keys are slow, and these prove nothing by being new. */
export function keyOf(algorithm: SigningAlgorithm, kid = `${algorithm}-key`): SigningKey {
  const name = `${algorithm} ${kid}`
  const key = made.get(name) ?? withReservedKeys(() => createSigningKey(kid, algorithm, {}))
  made.set(name, key)
  return key
}

/** A signature by a given algorithm, whatever the key was made for. */
export function signature(algorithm: string, key: KeyObject, input: string | Buffer): Buffer {
  const data = Buffer.from(input as string)
  if (algorithm.startsWith('Ed')) return sign(null, data, key)
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  return algorithm.startsWith('PS')
    ? sign(hash, data, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    : sign(hash, data, key)
}

/** A compact JWS over segments as given, signed with a private key. */
export function seal(
  key: SigningKey,
  header: Part,
  payload: Part,
  algorithm: string = key.algorithm,
): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signature(algorithm, key.privateKey, input).toString('base64url')}`
}

/** A compact JWS with a shared secret, as the forger of algorithm confusion makes it. */
export function mac(bits: 256 | 384 | 512, secret: string | Buffer, header: object, payload: object): string {
  const input = `${encode({ alg: `HS${bits}`, ...header })}.${encode(payload)}`
  return `${input}.${createHmac(`sha${bits}`, secret).update(input).digest('base64url')}`
}

/** Own members in place of the usual; `undefined` takes one out. */
export function withMembers(usual: object, members: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ ...usual, ...members }).filter(([, value]) => value !== undefined),
  )
}

/** A small generator with a fixed start (mulberry32), so that a failure comes again. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}
