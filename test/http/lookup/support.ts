import type { LookupAddress } from 'node:dns'
import { HostLookup, type LookupFamily } from '../../../src/http/lookup/host-lookup.js'
import { timers } from '../../../src/util/timers.js'
import { nextTurn } from '../../support/until.js'

export const ADDRESSES: readonly LookupAddress[] = [{ address: '192.0.2.1', family: 4 }]
export const OTHERS: readonly LookupAddress[] = [{ address: '192.0.2.2', family: 4 }]

interface Call {
  readonly host: string
  readonly family: LookupFamily
  readonly succeed: (addresses?: readonly LookupAddress[]) => Promise<void>
  readonly fail: (code: string) => Promise<void>
}

interface BedOptions {
  readonly slots?: number
  readonly silent?: readonly string[]
  /** Seconds after which the name servers respond. */
  readonly slow?: Readonly<Record<string, number>>
  /** The only family that the name servers respond for. */
  readonly families?: Readonly<Record<string, LookupFamily>>
}

/** Lookup with a simulated operating system and simulated name servers. */
export function lookupBed({ slots = 2, silent = [], slow = {}, families = {} }: BedOptions = {}) {
  /** Lookups of the operating system, including ended ones. */
  const calls: Call[] = []
  const hanging = new Set(silent)
  const lookup = new HostLookup({
    slots: () => slots,
    findRespondingFamily: async (host) => {
      await nextTurn()
      const seconds = slow[host]
      if (seconds !== undefined) await new Promise<void>((resolve) => timers.after(seconds, resolve))
      return hanging.has(host) ? undefined : (families[host] ?? 0)
    },
    resolve: (host, family) =>
      new Promise((resolve, reject) => {
        calls.push({
          host,
          family,
          succeed: async (addresses = ADDRESSES) => {
            resolve(addresses)
            await nextTurn()
          },
          fail: async (code) => {
            reject(Object.assign(new Error(code), { code }))
            await nextTurn()
          },
        })
      }),
  })
  const addresses = (
    host: string,
    signal = new AbortController().signal,
  ): Promise<readonly LookupAddress[]> => {
    const found = lookup.addresses(host, signal)
    found.catch(() => undefined)
    return found
  }
  return {
    lookup,
    calls,
    hanging,
    addresses,
    hosts: () => calls.map(({ host }) => host),
    /** Starts a lookup and waits until it reaches the operating system, if it is allowed to. */
    start: async (host: string, signal?: AbortSignal) => {
      const found = addresses(host, signal)
      await nextTurn()
      await nextTurn()
      return { found }
    },
    /** Caches the addresses of a host. */
    know: async (host: string) => {
      const found = addresses(host)
      await nextTurn()
      await nextTurn()
      await calls.at(-1)?.succeed()
      await found
    },
  }
}
