/**
 * Messages with the code of a connection that failed because of a certificate: of Node, OpenSSL or `undici`. A private CA that is
 * not trusted is the usual cause.
 */
const CERTIFICATE_FAILURE = /\(\w*(?:CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA)\w*\)/

/**
 * Returns what to do about a certificate that is not accepted, if the message of a failed request has the code of one, such as
 * `(CERT_HAS_EXPIRED)`; otherwise `undefined`.
 *
 * @param clientCertificate - whether the connection presents a certificate, whose `ca` then applies.
 */
export function certificateAdvice(message: string, clientCertificate = false): string | undefined {
  if (!CERTIFICATE_FAILURE.test(message)) return undefined
  return `Check the certificate. For a private CA set NODE_EXTRA_CA_CERTS, or ${clientCertificate ? 'ca of clientCertificate' : 'the option fetch'}`
}
