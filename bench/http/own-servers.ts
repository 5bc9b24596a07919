import type { FastifyInstance } from 'fastify'
import { guard as expressGuard } from '../../adapters/express.js'
import { m2mGuard } from '../../adapters/fastify.js'
import { guard as koaGuard } from '../../adapters/koa.js'
import { ownVerifier, policy } from '../verifiers/own.js'
import { expressServer, fastifyServer, koaServer, peerServers, type GuardedServer } from './servers.mjs'

export const OWN = 'm2m-guard'
export const BARE = 'bare'
/** The least that a guard costs which remembers tokens and keeps none. */
export const DIGEST = 'bare sha256 + Map.get'

const ownServers: readonly GuardedServer[] = [
  {
    framework: 'Express',
    guard: OWN,
    packages: [],
    start: async (issuance) => expressServer(expressGuard(await ownVerifier(issuance), policy)),
  },
  {
    framework: 'Koa',
    guard: OWN,
    packages: [],
    start: async (issuance) => koaServer(koaGuard(await ownVerifier(issuance), policy)),
  },
  {
    framework: 'Fastify',
    guard: OWN,
    packages: [],
    async start(issuance) {
      const verifier = await ownVerifier(issuance)
      return fastifyServer(async (app: FastifyInstance) => app.register(m2mGuard, { verifier, policy }))
    },
  },
]

const LEADING: readonly string[] = [BARE, DIGEST, OWN]

/** Every guarded server, framework by framework; bare first. */
export const servers: readonly GuardedServer[] = (['Express', 'Koa', 'Fastify'] as const).flatMap(
  (framework) => {
    const own = [...peerServers, ...ownServers].filter((server) => server.framework === framework)
    const leading = LEADING.flatMap((guard) => own.filter((server) => server.guard === guard))
    return [...leading, ...own.filter(({ guard }) => !LEADING.includes(guard))]
  },
)
