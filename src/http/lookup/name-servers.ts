import { promises as dns } from 'node:dns'
import { hostsFileNames, searchOrder } from './resolver-files.js'

/** Longer than a name server needs that answers at all, in milliseconds. */
const TIMEOUT = 500

/** What a name server said: the name has addresses, has none, or nothing came. */
type Reply = 'addresses' | 'none' | 'silence'

/** c-ares says this when no name server was reached. Every other code came in a reply. */
const SILENCE = ['ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED']

/**
 * Whether a lookup by the operating system would end soon, by asking the same names as it does: those of the search list
 * too (`resolv.conf(5)`), for addresses of both families. c-ares asks without a thread.
 */
export async function isAnsweredByNameServers(host: string, signal: AbortSignal): Promise<boolean> {
  if (hostsFileNames(host)) return true
  // A new one each time, because it reads the configuration when it is created.
  const resolver = new dns.Resolver({ timeout: TIMEOUT, tries: 1 })
  const cancel = (): void => {
    resolver.cancel()
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (const name of searchOrder(host)) {
      const reply = await askFor(name, resolver)
      if (reply !== 'none') return reply === 'addresses'
      signal.throwIfAborted()
    }
    return true
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

async function askFor(name: string, resolver: dns.Resolver): Promise<Reply> {
  const replies = await Promise.all([resolver.resolve4(name), resolver.resolve6(name)].map(replyOf))
  if (replies.includes('silence')) return 'silence'
  return replies.includes('addresses') ? 'addresses' : 'none'
}

async function replyOf(query: Promise<readonly string[]>): Promise<Reply> {
  try {
    return (await query).length > 0 ? 'addresses' : 'none'
  } catch (error) {
    return SILENCE.includes((error as NodeJS.ErrnoException).code ?? '') ? 'silence' : 'none'
  }
}
