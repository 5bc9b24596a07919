import type { FastifyInstance } from 'fastify'
import { guard as expressGuard } from '../../adapters/express.js'
import { m2mGuard } from '../../adapters/fastify.js'
import { guard as koaGuard } from '../../adapters/koa.js'
import { sumBy, type SelfTime } from '../support/cpu-profile.js'
import { ownVerifier, policy } from '../verifiers/own.js'
import {
  bareServers,
  expressServer,
  fastifyServer,
  koaServer,
  peerServers,
  type GuardedServer,
} from './servers.mjs'

export const OWN = 'm2m-guard'
export const BARE = 'bare'
/** The minimum cost of a guard whose cache does not store the tokens. */
export const DIGEST = 'bare sha256 + Map.get'

const own = (framework: GuardedServer['framework'], start: GuardedServer['start']): GuardedServer => ({
  framework,
  guard: OWN,
  packages: [],
  start,
})

const ownServers: readonly GuardedServer[] = [
  own('Express', async (issuance) => expressServer(expressGuard(await ownVerifier(issuance), policy))),
  own('Koa', async (issuance) => koaServer(koaGuard(await ownVerifier(issuance), policy))),
  own('Fastify', async (issuance) => {
    const verifier = await ownVerifier(issuance)
    return fastifyServer(async (app: FastifyInstance) => app.register(m2mGuard, { verifier, policy }))
  }),
]

const all = [...bareServers, ...ownServers, ...peerServers({ deadlineMs: 5000, cache: true })]

/** Every guarded server, framework by framework, bare first. */
export const servers: readonly GuardedServer[] = ['Express', 'Koa', 'Fastify'].flatMap((framework) =>
  all.filter((server) => server.framework === framework),
)

/** The parts that the CPU of a server is divided into. */
export const OWNERS = ['guard', 'digest', 'framework', 'node', 'garbage collector'] as const
type Owner = (typeof OWNERS)[number]

/** The share of each part of the busy time. */
export type Shares = Readonly<Record<Owner, number>>

/** Divides self times by the file of each function. */
export function sharesOf(profile: readonly SelfTime[]): Shares {
  const times = sumBy(
    profile,
    ({ frame }) => ownerOf(frame.functionName, frame.url) ?? 'idle',
    ({ micros }) => micros,
  )
  const busy = OWNERS.reduce((sum, owner) => sum + (times.get(owner) ?? 0), 0)
  return Object.fromEntries(OWNERS.map((owner) => [owner, (times.get(owner) ?? 0) / busy])) as Shares
}

function ownerOf(functionName: string, url: string): Owner | undefined {
  if (functionName === '(idle)') return undefined
  if (functionName === '(garbage collector)') return 'garbage collector'
  if (functionName === 'oneShotDigest' || url.startsWith('node:internal/crypto')) return 'digest'
  if (/\/\.built\/(?:src|adapters)\//.test(url) || url.includes('/lru-cache/')) return 'guard'
  if (url.includes('/node_modules/')) return 'framework'
  return 'node'
}
