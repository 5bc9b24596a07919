import crypto, { createPrivateKey, createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { reservation } from '../tokens/reserved-keys.js'
import { RESERVED, RSA_KEYS_FILE, type RsaKeyPair } from './rsa-keys-file.js'

/**
 * A setup file of every test: RSA keys of 2,048 bits come from a list that was made once, because to make one stops the
 * event loop for a part of a second. A test file gets a key again only after it has used up all of them.
 */
const generateKeyPairSync = crypto.generateKeyPairSync as (type: string, options: object) => unknown
let keys: readonly RsaKeyPair[] | undefined

interface KeyPairOptions {
  readonly modulusLength?: number
  readonly publicKeyEncoding?: { readonly format: string }
  readonly privateKeyEncoding?: object
}

const PEM = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}

/**
 * Makes `KeyObject`s from PEM: those that Node 20 generates share a lock with what generated them, and can stop the process
 * when that is collected.
 */
const makeKeyPair = (type: string, options: KeyPairOptions = {}): unknown => {
  if (options.publicKeyEncoding !== undefined || options.privateKeyEncoding !== undefined)
    return takeKeyPair(type, options)
  const { publicKey, privateKey } = takeKeyPair(type, { ...options, ...PEM }) as RsaKeyPair
  return { publicKey: createPublicKey(publicKey), privateKey: createPrivateKey(privateKey) }
}

const takeKeyPair = (type: string, options: KeyPairOptions): unknown => {
  const { modulusLength, publicKeyEncoding } = options
  if (type !== 'rsa' || modulusLength !== 2048 || publicKeyEncoding?.format !== 'pem')
    return generateKeyPairSync(type, options)
  keys ??= JSON.parse(readFileSync(RSA_KEYS_FILE, 'utf8')) as readonly RsaKeyPair[]
  if (reservation.isOn) {
    reservation.taken += 1
    // The first keys of the list. Further ones are made, because two holders of one key would prove nothing.
    return reservation.taken > RESERVED
      ? generateKeyPairSync(type, options)
      : { ...keys[reservation.taken - 1]! }
  }
  reservation.used += 1
  return { ...keys[RESERVED + (reservation.used % (keys.length - RESERVED))]! }
}

reservation.used = 0
if (!reservation.isInstalled) {
  reservation.isInstalled = true
  Object.assign(crypto, { generateKeyPairSync: makeKeyPair })
  syncBuiltinESMExports()
}
