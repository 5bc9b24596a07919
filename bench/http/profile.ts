import { Session, type Profiler } from 'node:inspector/promises'

/** Whose code a server's time goes into. */
export const OWNERS = ['guard', 'digest', 'framework', 'node', 'garbage collector'] as const
export type Owner = (typeof OWNERS)[number]

/** The share of each in the time that was not idle. */
export type Shares = Readonly<Record<Owner, number>>

/** Watches what this process does, from one call to the other. */
export class ServerProfile {
  readonly #session = new Session()

  async start(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.setSamplingInterval', { interval: 200 })
    await this.#session.post('Profiler.start')
  }

  async stop(): Promise<Shares> {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#session.disconnect()
    return sharesOf(profile)
  }
}

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Shares {
  const owners = new Map(
    nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame.functionName, callFrame.url)]),
  )
  const sums: Record<Owner, number> = { guard: 0, digest: 0, framework: 0, node: 0, 'garbage collector': 0 }
  for (const [index, id] of samples.entries()) {
    const owner = owners.get(id)
    if (owner !== undefined) sums[owner] += timeDeltas[index] ?? 0
  }
  const total = Object.values(sums).reduce((sum, part) => sum + part, 0)
  return Object.fromEntries(OWNERS.map((owner) => [owner, sums[owner] / total])) as Record<Owner, number>
}

/** By where the function that runs stands; undefined for waiting. */
function ownerOf(functionName: string, url: string): Owner | undefined {
  if (functionName === '(idle)') return undefined
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (functionName === 'oneShotDigest' || url.startsWith('node:internal/crypto')) return 'digest'
  if (/\/\.built\/(?:src|adapters)\//.test(url) || url.includes('/lru-cache/')) return 'guard'
  if (url.includes('/node_modules/')) return 'framework'
  return 'node'
}
