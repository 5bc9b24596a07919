import { describe, expect, it } from 'vitest'
import type { LookupFamily } from '../../../src/http/lookup/host-lookup.js'
import { passDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'
import { ADDRESSES, lookupBed, OTHERS } from './support.js'

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
