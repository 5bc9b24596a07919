import { describe, expect, it } from 'vitest'
import { queryFamilies, familiesOf, type NameServerQueries } from '../../../src/http/lookup/name-servers.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { nextTurn } from '../../support/until.js'

/** Response for a name and family: addresses, an error code, or no response for a number of seconds. */
type Reply = readonly string[] | string | 'silence'

const ADDRESS = ['192.0.2.1'] as const

/** Name servers with the given responses per `<family> <name>`, and no response for everything else. */
function nameServers(replies: Readonly<Record<string, Reply>>) {
  const asked: string[] = []
  let cancelled = 0
  const reply = (question: string): Promise<string[]> => {
    asked.push(question)
    const said = replies[question]
    if (said === undefined) return new Promise(() => undefined)
    if (typeof said !== 'string') return Promise.resolve([...said])
    return Promise.reject(Object.assign(new Error(said), { code: said }))
  }
  const queries = {
    resolve4: (name: string) => reply(`4 ${name}`),
    resolve6: (name: string) => reply(`6 ${name}`),
    cancel: () => {
      cancelled += 1
    },
  } as unknown as NameServerQueries
  return {
    asked,
    cancelled: () => cancelled,
    family: async (names: readonly string[], families: readonly (4 | 6)[] = [4, 6]) => {
      let result: { readonly family: 0 | 4 | 6 | undefined } | undefined
      void queryFamilies(names, families, () => queries).then((family) => {
        result = { family }
      })
      await nextTurn()
      return () => result
    },
  }
}

describe('the address families that a machine looks up', () => {
  const loopback = [
    { family: 'IPv4', internal: true },
    { family: 'IPv6', internal: true },
  ] as const
  const [ipv4, ipv6] = [
    { family: 'IPv4', internal: false } as const,
    { family: 'IPv6', internal: false } as const,
  ]
  it.each([
    ['IPv4', [ipv4], [4]],
    ['IPv6', [ipv6], [6]],
    ['both', [ipv4, ipv6], [4, 6]],
    ['nothing', [], [4, 6]],
  ] as const)('with addresses of %s besides loopback', (_, own, expected) => {
    expect(familiesOf([...loopback, ...own])).toEqual(expected)
  })
})

describe('the address family that name servers respond for', () => {
  it.each<[string, Readonly<Record<string, Reply>>, 0 | 4 | 6 | undefined]>([
    ['both, with addresses', { '4 a': ADDRESS, '6 a': ['2001:db8::1'] }, 0],
    ['addresses, and none of the other family', { '4 a': ADDRESS, '6 a': 'ENODATA' }, 0],
    ['no such name', { '4 a': 'ENOTFOUND', '6 a': 'ENOTFOUND' }, 0],
    ['failures of the name servers', { '4 a': 'ESERVFAIL', '6 a': 'EREFUSED' }, 0],
    ['no name server is reached', { '4 a': 'ECONNREFUSED', '6 a': 'ETIMEOUT' }, undefined],
  ])('is known as soon as everything is said: %s', async (_, replies, expected) => {
    const { family, cancelled } = nameServers(replies)
    const result = await family(['a'])
    expect(result()).toEqual({ family: expected })
    expect(cancelled()).toBe(1)
  })

  it.each([
    ['AAAA', '4 a', 4],
    ['A', '6 a', 6],
  ] as const)(
    'is the other one 0.3 s after its addresses, if %s gets no response',
    async (_, said, expected) => {
      const { family } = nameServers({ [said]: ADDRESS })
      const result = await family(['a'])
      passDeadlines(0.299)
      await nextTurn()
      expect(result()).toBeUndefined()
      passDeadlines(0.001)
      await nextTurn()
      expect(result()).toEqual({ family: expected })
    },
  )

  it.each<[string, Readonly<Record<string, Reply>>, 4 | undefined]>([
    ['nothing at all', {}, undefined],
    ['that there is no A, and nothing of AAAA', { '4 a': 'ENODATA' }, 4],
  ])('is known after 2 s if they say %s', async (_, replies, expected) => {
    const timers = runningDeadlines().length
    const { family, cancelled } = nameServers(replies)
    const result = await family(['a'])
    passDeadlines(1.999)
    await nextTurn()
    expect(result()).toBeUndefined()
    passDeadlines(0.001)
    await nextTurn()
    expect(result()).toEqual({ family: expected })
    expect(cancelled()).toBe(1)
    // Those of other test files may end meanwhile.
    expect(runningDeadlines().length).toBeLessThanOrEqual(timers)
  })

  it('is not queried if the machine has no address of that family', async () => {
    const { asked, family } = nameServers({ '4 a': ADDRESS })
    const result = await family(['a'], [4])
    expect(result()).toEqual({ family: 0 })
    expect(asked).toEqual(['4 a'])
  })

  it('is found with the search list, up to the first name that has addresses', async () => {
    const { asked, family } = nameServers({
      '4 a.x': 'ENOTFOUND',
      '6 a.x': 'ENOTFOUND',
      '4 a': ADDRESS,
      '6 a': 'ENODATA',
    })
    const result = await family(['a.x', 'a', 'a.y'])
    expect(result()).toEqual({ family: 0 })
    expect(asked).toEqual(['4 a.x', '6 a.x', '4 a', '6 a'])
  })

  it('is undefined if the operating system would hang at an earlier name for the family that has addresses', async () => {
    const { family } = nameServers({ '6 a.x': 'ENOTFOUND', '4 a': ADDRESS, '6 a': 'ENODATA' })
    const result = await family(['a.x', 'a'])
    passDeadlines(2)
    await nextTurn()
    expect(result()).toEqual({ family: undefined })
  })
})
