import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { TlsIdentity } from '../http/transport/messages.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import { custom, mismatch, optional, type TableOf } from '../options/reader.js'
import { nonEmptyString } from '../options/readers.js'
import { SecretError } from '../options/secret.js'

/** Certificate of a client for mutual TLS, in PEM form. */
export interface ClientCertificateValue {
  /** Certificate of the client, followed by intermediate certificates if there are any. */
  readonly cert: string | Uint8Array
  /** Private key of the certificate, not encrypted. */
  readonly key: string | Uint8Array
  /**
   * Certificates of the CA that issued the certificate of the issuer's server, in place of the public CAs.
   *
   * @defaultValue the CAs of Node
   */
  readonly ca?: string | Uint8Array
}

/** A {@link ClientCertificateValue}, or a function that returns one. The function is called for every request to the issuer. */
export type ClientCertificate =
  | ClientCertificateValue
  | (() => ClientCertificateValue | Promise<ClientCertificateValue>)

const pem = custom<string>('PEM', (option, value) => {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  if (typeof text !== 'string' || !text.includes('-----BEGIN '))
    throw mismatch(option, value, 'must be PEM, as a string or a Buffer')
  if (text.includes('\\n')) {
    throw new ConfigurationError(
      option,
      "contains escaped line breaks (a backslash and n). Convert them with .replaceAll('\\\\n', '\\n')",
    )
  }
  return text
})

const CERTIFICATE_OPTIONS = {
  cert: pem,
  key: pem,
  ca: optional(pem),
} satisfies TableOf<ClientCertificateValue>

/**
 * Reads a certificate with its key.
 *
 * @throws ConfigurationError that names the part that is missing or does not belong to the other. It quotes neither.
 */
export function readCertificate(option: string, value: unknown): TlsIdentity {
  const { cert, key, ca } = readOptions(option, value, CERTIFICATE_OPTIONS)
  const certificate = attempt(() => new X509Certificate(cert))
  if (certificate === undefined)
    throw new ConfigurationError(`${option}.cert`, 'must be a certificate in PEM form')
  const privateKey = attempt(() => createPrivateKey(key))
  if (privateKey === undefined)
    throw new ConfigurationError(`${option}.key`, 'must be an unencrypted private key in PEM form')
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new ConfigurationError(
      `${option}.key`,
      'does not belong to the certificate. While both are being replaced, use certificateFiles()',
    )
  }
  return { cert, key, ca }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Files of {@link certificateFiles}. */
export interface CertificateFiles {
  /** Path of the certificate file. */
  readonly cert: string
  /** Path of the key file. */
  readonly key: string
  /** Path of the file with the certificates of the issuer's CA. */
  readonly ca?: string
}

const FILE_OPTIONS = {
  cert: nonEmptyString,
  key: nonEmptyString,
  ca: optional(nonEmptyString),
} satisfies TableOf<CertificateFiles>

/**
 * Returns a function for `clientCertificate` that reads the files anew for every request to the issuer, so that a renewed
 * certificate is used without a restart. While only one of the two files has been replaced, it returns the certificate and
 * the key that it returned before.
 *
 * @throws ConfigurationError for a path that is missing.
 *
 * @example
 * ```ts
 * const source = tokenSource({
 *   issuer: 'https://auth.example.com',
 *   clientId: 'billing',
 *   authentication: 'tls_client_auth',
 *   clientCertificate: certificateFiles({ cert: '/run/tls/tls.crt', key: '/run/tls/tls.key' }),
 * })
 * ```
 */
export function certificateFiles(files: CertificateFiles): () => Promise<ClientCertificateValue> {
  const paths = readOptions('certificateFiles', files, FILE_OPTIONS)
  let latest: ClientCertificateValue | undefined
  return async () => {
    const [cert, key, ca] = await Promise.all([
      readText(paths.cert),
      readText(paths.key),
      paths.ca === undefined ? undefined : readText(paths.ca),
    ])
    const value = { cert, key, ...(ca === undefined ? {} : { ca }) }
    const isUsable = attempt(() => readCertificate('certificateFiles', value)) !== undefined
    // The first pair is returned in any case, so that the error says what is wrong with it.
    return isUsable || latest === undefined ? (latest = value) : latest
  }
}

async function readText(path: string): Promise<string> {
  try {
    // Loaded on first use, because most services have no certificate.
    return await process.getBuiltinModule('node:fs/promises').readFile(path, 'utf8')
  } catch {
    throw new SecretError(`certificateFiles: cannot read ${path}`)
  }
}
