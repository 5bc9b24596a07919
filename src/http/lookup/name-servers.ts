import { promises as dns } from 'node:dns'
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os'
import { timers } from '../../util/timers.js'
import type { LookupFamily } from './host-lookup.js'
import { hostsFileNames, searchOrder } from './resolver-files.js'

type Family = 4 | 6

/** What a name server said about one family of addresses. */
type Reply = 'addresses' | 'none'

/** Asks name servers without a thread. */
export type NameServerQueries = Pick<dns.Resolver, 'resolve4' | 'resolve6' | 'cancel'>

/** Seconds after which name servers that have said nothing about a name count as silent: slow ones answer earlier. */
const SILENCE = 2

/** Seconds for which the other family is waited for, once a host has addresses of one. */
const GRACE = 0.3

/** c-ares repeats a query after so many milliseconds, at the next name server. Longer in total than {@link SILENCE}. */
const REPETITION = { timeout: 900, tries: 4 } as const

/** c-ares says this when no name server was reached. Every other code came in a reply. */
const SILENT = ['ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED']

/**
 * For which family of addresses a lookup by the operating system would end soon, by asking the same names as it does:
 * those of the search list too (`resolv.conf(5)`). `undefined` if it would not.
 */
export async function familyOfNameServers(host: string): Promise<LookupFamily | undefined> {
  if (hostsFileNames(host)) return 0
  // A new one each time, because it reads the configuration when it is created.
  return answeringFamily(searchOrder(host), familiesOf(ownAddresses()), () => new dns.Resolver(REPETITION))
}

/**
 * The families of addresses that the system asks for with `ADDRCONFIG` (`getaddrinfo(3)`): those of which the machine has
 * an address that is not loopback.
 */
export function familiesOf(
  own: readonly Pick<NetworkInterfaceInfo, 'family' | 'internal'>[],
): readonly Family[] {
  const hasFamily = (name: string): boolean =>
    own.some(({ family, internal }) => !internal && family === name)
  // A machine that has neither asks for both.
  if (hasFamily('IPv4') === hasFamily('IPv6')) return [4, 6]
  return hasFamily('IPv4') ? [4] : [6]
}

/** Some systems forbid a process to read them. */
function ownAddresses(): readonly NetworkInterfaceInfo[] {
  try {
    return Object.values(networkInterfaces()).flatMap((addresses = []) => addresses)
  } catch {
    return []
  }
}

/** {@link familyOfNameServers} by the names and families given. A name server that is silent about one family is not silent. */
export async function answeringFamily(
  names: readonly string[],
  families: readonly Family[],
  createQueries: () => NameServerQueries,
): Promise<LookupFamily | undefined> {
  let answered = families
  for (const name of names) {
    const replies = await repliesTo(name, families, createQueries())
    answered = answered.filter((family) => replies.has(family))
    const found = families.filter((family) => replies.get(family) === 'addresses')
    if (answered.length === 0) return undefined
    if (found.length === 0) continue
    if (!found.some((family) => answered.includes(family))) return undefined
    break
  }
  const [only = 0] = answered
  return answered.length === families.length ? 0 : only
}

/** What the name servers say about a name; nothing about a family for which they are silent. */
function repliesTo(
  name: string,
  families: readonly Family[],
  queries: NameServerQueries,
): Promise<ReadonlyMap<Family, Reply>> {
  return new Promise((resolve) => {
    const replies = new Map<Family, Reply>()
    const cancels: (() => void)[] = []
    const end = (): void => {
      for (const cancel of cancels) cancel()
      queries.cancel()
      resolve(new Map(replies))
    }
    cancels.push(timers.after(SILENCE, end))
    let pending = families.length
    for (const family of families) {
      void replyOf(family === 4 ? queries.resolve4(name) : queries.resolve6(name)).then((reply) => {
        pending -= 1
        if (reply !== undefined) replies.set(family, reply)
        if (pending === 0) end()
        else if (reply === 'addresses') cancels.push(timers.after(GRACE, end))
      })
    }
  })
}

async function replyOf(query: Promise<readonly string[]>): Promise<Reply | undefined> {
  try {
    return (await query).length > 0 ? 'addresses' : 'none'
  } catch (error) {
    return SILENT.includes((error as NodeJS.ErrnoException).code ?? '') ? undefined : 'none'
  }
}
