import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { HostLookup, type LookupFamily } from './host-lookup.js'
import { findRespondingFamily } from './name-servers.js'

/** Number of threads that libuv starts, unless `UV_THREADPOOL_SIZE` is set. */
const THREADS = 4

/** Single instance, because all lookups of the process share the threads. */
const sharedLookup = new HostLookup({ resolve, findRespondingFamily, slots: lookupSlots })

/** Creates the lookup function of one connection. It fails when `signal` is aborted. */
export function lookupUntil(signal: AbortSignal): LookupFunction {
  return (host, options, callback) => {
    sharedLookup.addresses(host, signal).then(
      (addresses) => {
        const [first] = addresses
        if (options.all === true) callback(null, [...addresses])
        else callback(null, first?.address ?? '', first?.family ?? 0)
      },
      (error: unknown) => {
        callback(error as NodeJS.ErrnoException, '')
      },
    )
  }
}

function resolve(host: string, family: LookupFamily): Promise<readonly LookupAddress[]> {
  // Loaded on first use, because the module prolongs the start of a server by several milliseconds.
  const dns = process.getBuiltinModule('node:dns')
  // Node passes this flag for its own connections, so that machines without IPv6 get no IPv6 addresses. With it and one
  // family, a machine with only loopback addresses finds no host.
  const hints = family !== 0 || process.platform === 'win32' ? 0 : dns.ADDRCONFIG
  return new Promise((fulfil, reject) => {
    dns.lookup(host, { all: true, family, hints }, (error, addresses) => {
      if (error === null) fulfil(addresses)
      else reject(error)
    })
  })
}

/** Number of concurrent lookups: libuv uses half of its threads for them, and at least one. */
function lookupSlots(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? THREADS)
  return Math.floor(((Number.isInteger(threads) && threads > 0 ? threads : THREADS) + 1) / 2)
}
