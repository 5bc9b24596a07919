import type { Issuance } from '../support/tokens.js'

export interface RunningServer {
  readonly port: number
  readonly close: () => void
}

/** A server of one framework behind one guard. */
export interface GuardedServer {
  readonly framework: 'Express' | 'Koa' | 'Fastify'
  readonly guard: string
  readonly packages: readonly string[]
  readonly start: (issuance: Issuance) => Promise<RunningServer>
}

/** One application per framework, with one route. */
export function expressServer(middleware: unknown): Promise<RunningServer>
export function koaServer(middleware: unknown): Promise<RunningServer>
export function fastifyServer(install: (app: never) => unknown): Promise<RunningServer>

/** Servers with a middleware that only reads the header, and the guards of other packages. */
export const bareServers: readonly GuardedServer[]
export function peerServers(options: {
  readonly deadlineMs: number
  readonly cache: boolean
}): readonly GuardedServer[]
/** aws-jwt-verify, which fetches keys over TLS only. */
export function awsServer(
  issuance: Issuance & { readonly ca: string },
  deadlineMs: number,
): Promise<RunningServer>
