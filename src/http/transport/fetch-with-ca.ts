import { X509Certificate } from 'node:crypto'
import { formatErrorCode } from '../exchange.js'
import { ExchangeError } from '../exchange-error.js'
import { NodeTransport } from './node-transport.js'

/** Maximum size of a response body in bytes. The caller of the function may have a lower limit. */
const MAX_BYTES = 16 * 1024 * 1024

/**
 * Creates a `fetch` for GET requests whose servers must have a certificate of a private CA. All checks of Node apply, with
 * the private CA in place of the public ones.
 *
 * @param source - name of the source of the certificates in errors.
 * @param readCa - returns the certificates of the CA in PEM form. Called for each request, because a CA may be replaced.
 */
export function fetchWithCa(source: string, readCa: () => string): typeof fetch {
  const connections = new NodeTransport(() => readCertificates(source, readCa))
  return async (input, { headers, signal, method = 'GET' } = {}) => {
    if (method !== 'GET') throw new TypeError('only GET requests are supported')
    const url = typeof input === 'string' || input instanceof URL ? String(input) : input.url
    const request = {
      url,
      method: 'GET',
      headers: headersOf(headers),
      maxBytes: MAX_BYTES,
      isRepeatable: true,
    } as const
    const response = await connections.send(request, signal ?? new AbortController().signal)
    const names = ['cache-control', 'content-type', 'retry-after'].filter((name) =>
      response.headers.has(name),
    )
    return new Response(hasNoBody(response.status) ? null : response.text, {
      status: response.status,
      headers: names.map((name): [string, string] => [name, response.headers.get(name) ?? '']),
    })
  }
}

/**
 * Reads the certificates of a CA. A string without a certificate is refused, because Node accepts the public CAs in place of an
 * empty string.
 */
function readCertificates(source: string, readCa: () => string): string {
  let ca: string
  try {
    ca = readCa()
  } catch (error) {
    throw new ExchangeError(`${source} cannot be read${formatErrorCode(error)}`)
  }
  if (!(ca.match(CERTIFICATE) ?? []).some(isCertificate))
    throw new ExchangeError(`${source} has no certificate in PEM form`)
  return ca
}

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

function headersOf(headers: RequestInit['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(new Headers(headers))
}

/** Statuses for which `Response` accepts no body. */
function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}
