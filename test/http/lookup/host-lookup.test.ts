import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import { HostLookup } from '../../../src/http/lookup/host-lookup.js'
import { passDeadlines, runningDeadlines } from '../../support/deadlines.js'
import { nextTurn } from '../../support/until.js'

const ADDRESSES: readonly LookupAddress[] = [{ address: '192.0.2.1', family: 4 }]
const OTHERS: readonly LookupAddress[] = [{ address: '192.0.2.2', family: 4 }]

interface Call {
  readonly host: string
  readonly succeed: (addresses?: readonly LookupAddress[]) => Promise<void>
  readonly fail: (code: string) => Promise<void>
}

/** A lookup whose operating system and name servers answer when a test says so. */
function lookupBed({ slots = 2, silent = [] as readonly string[] } = {}) {
  /** Lookups of the operating system, those that have ended included. */
  const calls: Call[] = []
  const hanging = new Set(silent)
  const lookup = new HostLookup({
    slots: () => slots,
    isAnswered: async (host) => {
      await nextTurn()
      return !hanging.has(host)
    },
    resolve: (host) =>
      new Promise((resolve, reject) => {
        calls.push({
          host,
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
    /** Starts a lookup and lets it come to the operating system, if it may. */
    start: async (host: string, signal?: AbortSignal) => {
      const found = addresses(host, signal)
      await nextTurn()
      await nextTurn()
      return { found }
    },
    /** Makes the addresses of a host known. */
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
  it('is shared by everyone who needs the host, in whatever case it is written', async () => {
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

describe('the last good addresses', () => {
  it('are used after 500 ms of a lookup that does not end, and at once by everyone who comes later', async () => {
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

  it('are forgotten when the host has no address any more', async () => {
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

describe('hosts whose name servers do not answer', () => {
  const silent = ['a.test', 'b.test', 'c.test', 'd.test']

  it('take one lookup of the operating system at a time, in turn, whatever their number', async () => {
    const { start, hosts, calls } = lookupBed({ silent })
    for (const host of silent) await start(host)
    expect(hosts()).toEqual(['a.test'])
    for (const index of silent.keys()) {
      expect(hosts()).toEqual(silent.slice(0, index + 1))
      await calls[index]?.fail('EAI_AGAIN')
    }
  })

  it('hold up no other host, known or not', async () => {
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

  it('are found where the operating system knows them all the same', async () => {
    const { start, calls } = lookupBed({ silent })
    const { found } = await start('a.test')
    await calls[0]?.succeed()
    expect(await found).toEqual(ADDRESSES)
  })

  it('leave the thread pool alone where it has one slot for lookups only', async () => {
    const { start, calls } = lookupBed({ silent, slots: 1 })
    const { found } = await start('a.test')
    await expect(found).rejects.toMatchObject({ code: 'ETIMEOUT' })
    await start('other.test')
    expect(calls.map(({ host }) => host)).toEqual(['other.test'])
  })

  it('are told from others within 500 ms', async () => {
    const asked: AbortSignal[] = []
    const lookup = new HostLookup({
      slots: () => 1,
      resolve: () => Promise.resolve(ADDRESSES),
      isAnswered: (_, signal) => {
        asked.push(signal)
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('cancelled')))
        })
      },
    })
    const found = lookup.addresses('a.test', new AbortController().signal)
    passDeadlines(0.5)
    await expect(found).rejects.toMatchObject({ code: 'ETIMEOUT' })
    expect(asked.map(({ aborted }) => aborted)).toEqual([true])
  })
})

describe('a host that hangs in the operating system although its name servers answer', () => {
  it('counts as hanging after 500 ms, and takes its turn from then on', async () => {
    const { start, hosts, calls } = lookupBed({ silent: ['silent.test'] })
    await start('odd.test')
    passDeadlines(0.5)
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

describe('a caller that gives up', () => {
  it('gets the reason of its signal, alone, and leaves nothing behind', async () => {
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

  it('starts no lookup if it has given up before', async () => {
    const { addresses, calls } = lookupBed()
    await expect(addresses('a.test', AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
    await nextTurn()
    expect(calls).toEqual([])
  })
})

it('a thousand hosts leave 256 of them, the one in use among them, and no timer', async () => {
  const { know, addresses, lookup, calls } = lookupBed()
  const timers = runningDeadlines().length
  await know('in-use.test')
  for (let index = 0; index < 1000; index += 1) {
    await know(`host-${index}.test`)
    await addresses('in-use.test')
  }
  expect(lookup.load).toEqual({ waiting: 0, hosts: 256 })
  expect(calls).toHaveLength(1001)
  expect(runningDeadlines()).toHaveLength(timers)
})
