import type { promises as dns } from 'node:dns'
import type { NetworkInterfaceInfo } from 'node:os'
import { timers } from '../../util/timers.js'
import type { LookupFamily } from './host-lookup.js'
import { isInHostsFile, searchOrder } from './resolver-files.js'

type Family = 4 | 6

/** Response of the name servers for one address family. */
type Reply = 'addresses' | 'none'

/** DNS queries that occupy no thread. */
export type NameServerQueries = Pick<dns.Resolver, 'resolve4' | 'resolve6' | 'cancel'>

/** Seconds without a response after which name servers count as silent. Slow name servers respond earlier. */
const SILENCE = 2

/** Seconds to wait for the other address family after addresses of one family were found. */
const GRACE = 0.3

/**
 * Options of c-ares: it repeats a query at the next name server after `timeout` milliseconds. The total is longer than
 * {@link SILENCE}.
 */
const REPETITION = { timeout: 900, tries: 4 } as const

/** Error codes of c-ares for queries without a response. Every other code comes from a response. */
const SILENT = ['ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED']

/**
 * Finds the address family for which a lookup by the operating system would not hang. It queries the same names as the
 * operating system, including those of the search list (`resolv.conf(5)`).
 *
 * @returns 0 for every family, or `undefined` if a lookup would hang.
 */
export async function findRespondingFamily(host: string): Promise<LookupFamily | undefined> {
  if (isInHostsFile(host)) return 0
  // Loaded on first use, because the module prolongs the start of a server by several milliseconds.
  const { Resolver } = process.getBuiltinModule('node:dns').promises
  // Created for each query, because a resolver reads the configuration when it is created.
  return queryFamilies(searchOrder(host), familiesOf(localInterfaces()), () => new Resolver(REPETITION))
}

/**
 * Returns the address families that the operating system queries with `ADDRCONFIG` (`getaddrinfo(3)`): the families of
 * which the machine has an address other than loopback.
 */
export function familiesOf(
  interfaces: readonly Pick<NetworkInterfaceInfo, 'family' | 'internal'>[],
): readonly Family[] {
  const hasFamily = (name: string): boolean =>
    interfaces.some(({ family, internal }) => !internal && family === name)
  // The operating system queries both families on a machine that has neither.
  if (hasFamily('IPv4') === hasFamily('IPv6')) return [4, 6]
  return hasFamily('IPv4') ? [4] : [6]
}

/** Returns the addresses of the machine; empty where the system forbids reading them. */
function localInterfaces(): readonly NetworkInterfaceInfo[] {
  try {
    const interfaces = process.getBuiltinModule('node:os').networkInterfaces()
    return Object.values(interfaces).flatMap((addresses = []) => addresses)
  } catch {
    return []
  }
}

/** {@link findRespondingFamily} for given names and families. Name servers that respond for one family are not silent. */
export async function queryFamilies(
  names: readonly string[],
  families: readonly Family[],
  createQueries: () => NameServerQueries,
): Promise<LookupFamily | undefined> {
  let responding = families
  for (const name of names) {
    const replies = await queryName(name, families, createQueries())
    responding = responding.filter((family) => replies.has(family))
    const found = families.filter((family) => replies.get(family) === 'addresses')
    if (responding.length === 0) return undefined
    if (found.length === 0) continue
    if (!found.some((family) => responding.includes(family))) return undefined
    break
  }
  const [family = 0] = responding
  return responding.length === families.length ? 0 : family
}

/** Queries a name for each family. A family without a response is absent from the result. */
function queryName(
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
      void readReply(family === 4 ? queries.resolve4(name) : queries.resolve6(name)).then((reply) => {
        pending -= 1
        if (reply !== undefined) replies.set(family, reply)
        if (pending === 0) end()
        else if (reply === 'addresses') cancels.push(timers.after(GRACE, end))
      })
    }
  })
}

async function readReply(query: Promise<readonly string[]>): Promise<Reply | undefined> {
  try {
    return (await query).length > 0 ? 'addresses' : 'none'
  } catch (error) {
    return SILENT.includes((error as NodeJS.ErrnoException).code ?? '') ? undefined : 'none'
  }
}
