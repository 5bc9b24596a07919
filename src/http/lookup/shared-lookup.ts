import dns, { type LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { HostLookup, type LookupFamily } from './host-lookup.js'
import { familyOfNameServers } from './name-servers.js'

/** Node passes this for its own connections, so that machines without IPv6 get no IPv6 addresses. */
const HINTS = process.platform === 'win32' ? 0 : dns.ADDRCONFIG

/** libuv starts this many threads, unless `UV_THREADPOOL_SIZE` says otherwise. */
const THREADS = 4

/** One for the process, because its lookups share the threads. */
const shared = new HostLookup({ resolve, answeringFamily: familyOfNameServers, slots: lookupSlots })

/** The lookup of one connection. It gives up once `signal` is aborted. */
export function lookupUntil(signal: AbortSignal): LookupFunction {
  return (host, options, callback) => {
    shared.addresses(host, signal).then(
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
  // A machine without addresses but loopback finds no host of one family with `ADDRCONFIG`.
  const hints = family === 0 ? HINTS : 0
  return new Promise((fulfil, reject) => {
    dns.lookup(host, { all: true, family, hints }, (error, addresses) => {
      if (error === null) fulfil(addresses)
      else reject(error)
    })
  })
}

/** libuv lets half of the threads look up hosts, and at least one. */
function lookupSlots(): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? THREADS)
  return Math.floor(((Number.isInteger(threads) && threads > 0 ? threads : THREADS) + 1) / 2)
}
