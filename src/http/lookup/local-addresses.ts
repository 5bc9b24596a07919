import type { LookupAddress } from 'node:dns'

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** The addresses of a host that needs no lookup: an IP address, or a name of loopback (RFC 6761 section 6.3). */
export function localAddresses(host: string): readonly LookupAddress[] | undefined {
  // Loaded when it is needed: `node:net` takes time at every start.
  const family = process.getBuiltinModule('node:net').isIP(host)
  if (family !== 0) return [{ address: host, family }]
  return /^(?:.+\.)?localhost\.?$/.test(host) ? LOOPBACK : undefined
}
