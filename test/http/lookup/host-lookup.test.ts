import { describe, expect, it } from 'vitest'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'
import { ADDRESSES, lookupBed, OTHERS } from './support.js'

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
