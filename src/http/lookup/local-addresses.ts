import type { LookupAddress } from 'node:dns'

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** Returns the addresses of a host that needs no lookup: an IP address or a loopback name (RFC 6761 section 6.3). */
export function localAddresses(host: string): readonly LookupAddress[] | undefined {
  // Loaded on first use, because loading `node:net` would slow down every start.
  const family = process.getBuiltinModule('node:net').isIP(host)
  if (family !== 0) return [{ address: host, family }]
  return /^(?:.+\.)?localhost\.?$/.test(host) ? LOOPBACK : undefined
}
