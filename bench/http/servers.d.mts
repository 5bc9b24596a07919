import type { Issuance } from '../support/tokens.js'

/** A server of one framework behind one guard, or behind a middleware that only reads the header. */
export interface GuardedServer {
  readonly framework: 'Express' | 'Koa' | 'Fastify'
  readonly guard: string
  readonly packages: readonly string[]
  /** Resolves to the port. */
  readonly start: (issuance: Issuance) => Promise<number>
}

export const peerServers: readonly GuardedServer[]

/** One application per framework, with one middleware and one route. */
export function expressServer(middleware: unknown): Promise<number>
export function koaServer(middleware: unknown): Promise<number>
export function fastifyServer(install: (app: never) => unknown): Promise<number>
