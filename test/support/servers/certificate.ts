import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** A key and a certificate in PEM form, for `node:https`. */
export interface SelfSigned {
  readonly key: string
  readonly cert: string
}

/**
 * Makes a self-signed certificate. Node can read certificates but not write them, so the few elements of
 * X.509 (RFC 5280 section 4.1) that a TLS server needs are written here in DER.
 */
export function selfSigned(name: string | readonly string[], validFrom: Date, validTo: Date): SelfSigned {
  const pair = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const hosts = [name].flat()
  const names = sequence(
    element(0x31, sequence(objectId([0x55, 0x04, 0x03]), element(0x0c, Buffer.from(hosts[0] ?? '')))),
  )
  const subjectAltName = sequence(
    objectId([0x55, 0x1d, 0x11]),
    element(0x04, sequence(...hosts.map((host) => element(0x82, Buffer.from(host))))),
  )
  const content = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    names,
    sequence(time(validFrom), time(validTo)),
    names,
    pair.publicKey,
    element(0xa3, sequence(subjectAltName)),
  )
  const signature = sign('sha256', content, createPrivateKey(pair.privateKey))
  const certificate = sequence(
    content,
    ECDSA_WITH_SHA256,
    element(0x03, Buffer.concat([Buffer.from([0]), signature])),
  )
  // Without an empty line before the end, which OpenSSL rejects: the length of the signature varies.
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: pair.privateKey,
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  }
}

const ECDSA_WITH_SHA256 = sequence(objectId([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]))

function element(tag: number, content: Buffer): Buffer {
  const { length } = content
  const lengthBytes =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content])
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(elements))
}

function objectId(encoded: readonly number[]): Buffer {
  return element(0x06, Buffer.from(encoded))
}

/** UTCTime: two digits of the year. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\..*$/g, '')
  return element(0x17, Buffer.from(`${digits.slice(2)}Z`))
}
