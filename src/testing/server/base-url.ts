import { isIPv6 } from 'node:net'
import { isSecureAddress } from '../../util/url/url.js'

/** Addresses that mean all interfaces. No request can be sent to them. */
const ALL_INTERFACES: readonly string[] = ['0.0.0.0', '::']

/** Returns the base URL of a server on this machine that listens on `host`. */
export function localUrl(host: string, port: number): string {
  if (ALL_INTERFACES.includes(host)) return `http://127.0.0.1:${port}`
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`
}

/** Returns the URL of another port of the host of a base URL. */
export function withPort(url: string, port: number): string {
  const { protocol, hostname } = new URL(url)
  return `${protocol}//${hostname}:${port}`
}

/** Returns the hosts for `insecureHosts` with which a guard calls these URLs; empty for https and loopback. */
export function insecureHostsOf(urls: readonly string[]): readonly string[] {
  return urls.filter((url) => !isSecureAddress(url)).map((url) => new URL(url).host)
}
