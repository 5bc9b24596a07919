import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { HostLookup, type LookupFamily } from '../../../src/http/lookup/host-lookup.js'
import { timers } from '../../../src/util/timers.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'

const ADDRESSES: readonly LookupAddress[] = [{ address: '192.0.2.1', family: 4 }]
const OTHERS: readonly LookupAddress[] = [{ address: '192.0.2.2', family: 4 }]

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
function lookupBed({ slots = 2, silent = [], slow = {}, families = {} }: BedOptions = {}) {
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

describe('the lookup of a host', () => {
  it('is shared by all callers of the host, in any letter case', async () => {
    const { start, addresses, calls } = lookupBed()
    const { found } = await start('a.test')
    const others = [addresses('a.test'), addresses('A.Test')]
    await calls[0]?.succeed()
    expect(await Promise.all([found, ...others])).toEqual([ADDRESSES, ADDRESSES, ADDRESSES])
    expect(calls).toHaveLength(1)
  })

  it('is used for 10 s, and not longer', async () => {
    const { know, start, addresses, calls } = lookupBed()
    await know('a.test')
    passDeadlines(9.999)
    expect(await addresses('a.test')).toEqual(ADDRESSES)
    expect(calls).toHaveLength(1)
    passDeadlines(0.001)
    const { found } = await start('a.test')
    await calls[1]?.succeed(OTHERS)
    expect(await found).toEqual(OTHERS)
  })

  it.each([
    ['127.0.0.1', [{ address: '127.0.0.1', family: 4 }]],
    ['::1', [{ address: '::1', family: 6 }]],
  ])('is not needed for the address %s', async (host, expected) => {
    const { addresses, calls } = lookupBed()
    expect(await addresses(host)).toEqual(expected)
    expect(calls).toEqual([])
  })

  it.each(['localhost', 'LOCALHOST', 'localhost.', 'api.localhost'])(
    'is not needed for %s, which is always loopback',
    async (host) => {
      const { addresses, calls } = lookupBed()
      expect((await addresses(host)).map(({ address }) => address)).toEqual(['127.0.0.1', '::1'])
      expect(calls).toEqual([])
    },
  )

  it('is made for a host that only looks like loopback', async () => {
    const { start, calls } = lookupBed()
    await start('localhost.example')
    expect(calls).toHaveLength(1)
  })
})

describe('the last known addresses', () => {
  it('are used after 500 ms of a lookup that does not end, and immediately by later callers', async () => {
    const { know, start, addresses, calls } = lookupBed()
    await know('a.test')
    passDeadlines(10)
    const { found } = await start('a.test')
    passDeadlines(0.5)
    expect(await found).toEqual(ADDRESSES)
    expect(await addresses('a.test')).toEqual(ADDRESSES)
    await calls[1]?.succeed(OTHERS)
    expect(await addresses('a.test')).toEqual(OTHERS)
  })

  it.each(['EAI_AGAIN', 'EMFILE'])('are used when a lookup fails with %s', async (code) => {
    const { know, start, calls } = lookupBed()
    await know('a.test')
    passDeadlines(10)
    const { found } = await start('a.test')
    await calls[1]?.fail(code)
    expect(await found).toEqual(ADDRESSES)
  })

  it('are dropped when the host no longer has an address', async () => {
    const { know, start, calls } = lookupBed()
    await know('a.test')
    passDeadlines(10)
    const { found } = await start('a.test')
    await calls[1]?.fail('ENOTFOUND')
    await expect(found).rejects.toMatchObject({ code: 'ENOTFOUND' })
  })
})

describe('a failed lookup', () => {
  it('is repeated after 1 s, and not earlier', async () => {
    const { start, addresses, calls } = lookupBed()
    const { found } = await start('a.test')
    await calls[0]?.fail('ENOTFOUND')
    await expect(found).rejects.toThrow()
    passDeadlines(0.999)
    await expect(addresses('a.test')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(calls).toHaveLength(1)
    passDeadlines(0.001)
    await start('a.test')
    expect(calls).toHaveLength(2)
  })
})

describe('hosts whose name servers do not respond', () => {
  const silent = ['a.test', 'b.test', 'c.test', 'd.test']

  it('occupy one lookup of the operating system at a time, in turn, whatever their number', async () => {
    const { start, hosts, calls } = lookupBed({ silent })
    for (const host of silent) await start(host)
    expect(hosts()).toEqual(['a.test'])
    for (const index of silent.keys()) {
      expect(hosts()).toEqual(silent.slice(0, index + 1))
      await calls[index]?.fail('EAI_AGAIN')
    }
  })

  it('are looked up after hosts that never hung', async () => {
    const { start, hosts, calls } = lookupBed({ silent })
    await start('a.test')
    passDeadlines(10)
    await calls[0]?.fail('EAI_AGAIN')
    passDeadlines(1)
    await start('b.test')
    await start('a.test')
    await start('c.test')
    await calls[1]?.fail('EAI_AGAIN')
    await calls[2]?.fail('EAI_AGAIN')
    expect(hosts()).toEqual(['a.test', 'b.test', 'c.test', 'a.test'])
  })

  it('delay no other host, cached or not', async () => {
    const bed = lookupBed({ silent })
    await bed.know('known.test')
    for (const host of silent) await bed.start(host)
    passDeadlines(10)
    const [known, unknown] = [await bed.start('known.test'), await bed.start('unknown.test')]
    expect(bed.hosts()).toEqual(['known.test', 'a.test', 'known.test', 'unknown.test'])
    await bed.calls[2]?.succeed()
    await bed.calls[3]?.succeed(OTHERS)
    expect([await known.found, await unknown.found]).toEqual([ADDRESSES, OTHERS])
  })

  it('are found if the operating system resolves them nevertheless', async () => {
    const { start, calls } = lookupBed({ silent })
    const { found } = await start('a.test')
    await calls[0]?.succeed()
    expect(await found).toEqual(ADDRESSES)
  })

  it('are not looked up if the thread pool has only one slot for lookups', async () => {
    const { start, calls } = lookupBed({ silent, slots: 1 })
    const { found } = await start('a.test')
    await expect(found).rejects.toMatchObject({ code: 'ETIMEOUT' })
    await start('other.test')
    expect(calls.map(({ host }) => host)).toEqual(['other.test'])
  })
})

describe('a host that hangs in the operating system although its name servers respond', () => {
  it('counts as hanging after 2 s, and takes its turn from then on', async () => {
    const { start, hosts, calls } = lookupBed({ silent: ['silent.test'] })
    await start('odd.test')
    passDeadlines(2)
    await start('silent.test')
    expect(hosts()).toEqual(['odd.test'])
    await calls[0]?.fail('EAI_AGAIN')
    expect(hosts()).toEqual(['odd.test', 'silent.test'])
    passDeadlines(1)
    await start('odd.test')
    expect(hosts()).toEqual(['odd.test', 'silent.test'])
    await calls[1]?.fail('EAI_AGAIN')
    expect(hosts()).toEqual(['odd.test', 'silent.test', 'odd.test'])
    await calls[2]?.succeed()
    passDeadlines(10)
    await start('silent.test')
    await start('odd.test')
    expect(hosts()).toEqual(['odd.test', 'silent.test', 'odd.test', 'silent.test', 'odd.test'])
  })
})

describe('a host whose name server responds for one address family only', () => {
  it('is looked up for that family, beside hosts that hang', async () => {
    const bed = lookupBed({ silent: ['a.test'], families: { 'four.test': 4, 'six.test': 6 } })
    for (const host of ['a.test', 'four.test', 'six.test']) await bed.start(host)
    expect(bed.calls.map(({ host, family }) => [host, family])).toEqual([
      ['a.test', 0],
      ['four.test', 4],
      ['six.test', 6],
    ])
  })

  it('keeps its last known addresses if that family has none', async () => {
    const families: Record<string, LookupFamily> = {}
    const { know, start, calls } = lookupBed({ families })
    await know('a.test')
    passDeadlines(10)
    families['a.test'] = 4
    const { found } = await start('a.test')
    await calls[1]?.fail('ENOTFOUND')
    expect(await found).toEqual(ADDRESSES)
  })
})

describe('a host whose name server responds slowly, in 0.7 s', () => {
  it('does not wait for its turn behind hosts that hang, not even when it is looked up first', async () => {
    const { start, hosts, calls } = lookupBed({ silent: ['a.test', 'b.test'], slow: { 'slow.test': 0.7 } })
    await start('a.test')
    await start('b.test')
    const { found } = await start('slow.test')
    passDeadlines(0.7)
    await nextTurn()
    await nextTurn()
    expect(hosts()).toEqual(['a.test', 'slow.test'])
    passDeadlines(0.7)
    await calls[1]?.succeed()
    expect(await found).toEqual(ADDRESSES)
  })

  it('does not count as hanging afterwards', async () => {
    const { start, hosts, calls } = lookupBed({ silent: ['a.test'] })
    const { found } = await start('slow.test')
    passDeadlines(0.7)
    await calls[0]?.succeed()
    expect(await found).toEqual(ADDRESSES)
    await start('a.test')
    passDeadlines(10)
    await start('slow.test')
    expect(hosts()).toEqual(['slow.test', 'a.test', 'slow.test'])
  })

  it('is looked up again if the thread pool has one slot', async () => {
    const { start, hosts, calls } = lookupBed({ slots: 1 })
    for (let time = 0; time < 3; time += 1) {
      const { found } = await start('slow.test')
      passDeadlines(5)
      await calls[time]?.succeed()
      expect(await found).toEqual(ADDRESSES)
      passDeadlines(10)
    }
    expect(hosts()).toEqual(['slow.test', 'slow.test', 'slow.test'])
  })
})

describe('a caller that is aborted', () => {
  it('gets the reason of its signal, affects no other caller, and is not kept in memory', async () => {
    const { lookup, start, calls } = lookupBed()
    const ending = new AbortController()
    const { found } = await start('a.test', ending.signal)
    const { found: other } = await start('a.test')
    expect(lookup.load.waiting).toBe(2)
    const reason = new Error('late')
    ending.abort(reason)
    await expect(found).rejects.toBe(reason)
    expect(lookup.load.waiting).toBe(1)
    await calls[0]?.succeed()
    expect(await other).toEqual(ADDRESSES)
    expect(lookup.load.waiting).toBe(0)
  })

  it('starts no lookup if its signal was aborted before', async () => {
    const { addresses, calls } = lookupBed()
    await expect(addresses('a.test', AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
    await nextTurn()
    expect(calls).toEqual([])
  })
})

it('of a thousand hosts, 256 stay cached, including the one in use, and no timer remains', async () => {
  const { know, addresses, lookup, calls } = lookupBed()
  const timers = runningDeadlines().length
  await know('in-use.test')
  for (let index = 0; index < 1000; index += 1) {
    await know(`host-${index}.test`)
    await addresses('in-use.test')
  }
  expect(lookup.load).toEqual({ waiting: 0, hosts: 256 })
  expect(calls).toHaveLength(1001)
  expect(runningDeadlines().length).toBeLessThanOrEqual(timers)
})
