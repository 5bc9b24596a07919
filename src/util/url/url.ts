/** Names and addresses of the loopback interface. `*.localhost` is resolved without a lookup (RFC 6761 section 6.3). */
const LOOPBACK_HOST = /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether a URL is secure enough for keys and introspection: `https:`, or `http:` on the loopback interface (RFC 8414
 * section 2, RFC 7662 section 4), or `http:` at a host that the operator has listed.
 *
 * @param insecureHosts - hosts as {@link readHost} returns them.
 */
export function isSecureAddress(url: string, insecureHosts: readonly string[] = []): boolean {
  if (!URL.canParse(url)) return false
  const { protocol } = new URL(url)
  return protocol === 'https:' || isLoopbackAddress(url) || isListed(url, insecureHosts)
}

/**
 * Whether an issuer may name a URL in its metadata. In addition to {@link isSecureAddress}, only an issuer on loopback may
 * name a loopback URL, because other issuers could reach ports of this machine.
 */
export function isSecureAddressFor(issuer: string, url: string, insecureHosts: readonly string[]): boolean {
  if (!isSecureAddress(url, insecureHosts)) return false
  return new URL(url).protocol === 'https:' || isListed(url, insecureHosts) || isLoopbackAddress(issuer)
}

/** Whether two URLs have the same origin (RFC 6454): scheme, host and port. */
export function isSameOrigin(first: string, second: string): boolean {
  return new URL(first).origin === new URL(second).origin
}

function isLoopbackAddress(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && LOOPBACK_HOST.test(hostname)
}

/** Whether the host and the port of an `http:` URL are listed. */
function isListed(url: string, insecureHosts: readonly string[]): boolean {
  const { protocol, host } = new URL(url)
  return protocol === 'http:' && insecureHosts.includes(host)
}

/** A host name or an IP address, IPv6 in brackets, and an optional port. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::[1-9]\d{0,4})?$/i

/**
 * Reads `host` or `host:port` as the URL parser writes the host of an `http:` URL: in lower case, without the default port
 * 80. Returns `undefined` for anything else, and for an IP address that is not in its usual form.
 */
export function readHost(value: string): string | undefined {
  if (!HOST.test(value) || !URL.canParse(`http://${value}`)) return undefined
  const { host, hostname } = new URL(`http://${value}`)
  // The parser also reads 0x7f.1 and 2130706433 as 127.0.0.1.
  return value.startsWith('[') || value.toLowerCase().replace(/:\d+$/, '') === hostname ? host : undefined
}
