const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Whether a URL is secure enough for keys and introspection: `https:`, or `http:` on the loopback interface (RFC 8414
 * section 2, RFC 7662 section 4).
 */
export function isSecureAddress(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOST.test(hostname))
}
