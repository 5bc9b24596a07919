import { createServer, type RequestListener, type Server } from 'node:http'
import supertest from 'supertest'
import { close, listen } from '../../support/servers/servers.js'
import type { Reply, RunningApp, Seen, SentRequest } from './plan.js'

/** Runs an application on a free loopback port. Requests are sent with supertest. */
export async function runWithSupertest(listener: RequestListener, seen: Seen): Promise<RunningApp> {
  return withSupertest(createServer(listener), seen)
}

/** Runs a server that a framework has created on a free loopback port. */
export async function withSupertest(server: Server, seen: Seen): Promise<RunningApp> {
  const port = await listen(server)
  return { seen, server, port, send: (request) => ask(server, request), close: () => close(server) }
}

/** Wraps a server that listens already, and that the framework closes. */
export function withRunningServer(server: Server, seen: Seen, stop: () => Promise<void>): RunningApp {
  const { port } = server.address() as { readonly port: number }
  return {
    seen,
    server,
    port,
    send: (request) => ask(server, request),
    async close() {
      server.closeAllConnections()
      await stop()
    },
  }
}

export { close, listen }

const VERBS = { GET: 'get', HEAD: 'head', POST: 'post', OPTIONS: 'options' } as const

async function ask(
  server: Server,
  { method = 'GET', path, headers = {}, body }: SentRequest,
): Promise<Reply> {
  const request = supertest(server)[VERBS[method]](path)
  const answer = await request.set(headers).send(body)
  return {
    status: answer.status,
    headers: answer.headers,
    text: typeof answer.text === 'string' ? answer.text : '',
  }
}
