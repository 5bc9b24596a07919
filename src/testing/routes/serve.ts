import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { isFastify } from './frameworks/fastify.js'
import { expressStack } from './frameworks/express.js'
import { koaMiddleware } from './frameworks/koa.js'
import { unreadable } from './route.js'

/** An app that listens on loopback. */
export interface AuditServer {
  readonly port: number
  /** Whether the app handles upgrades, such as those of WebSocket. */
  readonly hasUpgrades: boolean
  close(): Promise<void>
}

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** Server of the option `server`: only its listeners are used, so that it may listen or not. */
export type EmittingServer = Pick<Server, 'emit' | 'listenerCount'>

/** Serves an app on a free port of the loopback interface. */
export async function serveApp(app: object, server: EmittingServer | undefined): Promise<AuditServer> {
  const listener: Listener =
    server === undefined ? listenerOf(app) : (request, response) => server.emit('request', request, response)
  const upgrading = server ?? (isFastify(app) ? (app.server as EmittingServer) : undefined)
  const hasUpgrades = upgrading !== undefined && upgrading.listenerCount('upgrade') > 0
  const own = createServer((request, response) => {
    Promise.resolve(listener(request, response)).catch(() => {
      response.destroy()
    })
  })
  const upgraded = new Set<Duplex>()
  if (hasUpgrades) {
    own.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgraded.add(socket)
      upgrading.emit('upgrade', request, socket, head)
    })
  }
  await new Promise<void>((resolve, reject) => {
    own.once('error', reject)
    own.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: (own.address() as AddressInfo).port,
    hasUpgrades,
    async close() {
      await new Promise<void>((resolve) => {
        own.close(() => {
          resolve()
        })
        // An upgraded socket is not a connection of the server any more.
        for (const socket of upgraded) socket.destroy()
        own.closeAllConnections()
      })
    },
  }
}

function listenerOf(app: object): Listener {
  if (expressStack(app) !== undefined) {
    if (typeof Reflect.get(app, 'handle') !== 'function' || typeof Reflect.get(app, 'engine') !== 'function')
      throw unreadable('is a router of Express, which has no server. Pass the app')
    return app as Listener
  }
  if (koaMiddleware(app) !== undefined) return (app as { callback(): Listener }).callback()
  if (isFastify(app)) return app.routing as Listener
  const fetch: unknown = Reflect.get(app, 'fetch')
  if (typeof fetch !== 'function') throw unreadable('is a router, which has no server. Pass the app')
  return (request, response) => respondWithFetch(app as FetchApp, request, response)
}

interface FetchApp {
  fetch(request: Request): Response | Promise<Response>
}

/** Serves a request with the `fetch` function of an app. */
async function respondWithFetch(
  app: FetchApp,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers))
    for (const one of [value ?? []].flat()) headers.append(name, one)
  const url = `http://${incoming.headers.host ?? '127.0.0.1'}${incoming.url ?? '/'}`
  const response = await app.fetch(new Request(url, { method: incoming.method ?? 'GET', headers }))
  outgoing.writeHead(response.status, [...response.headers].flat())
  outgoing.flushHeaders()
  const reader = response.body?.getReader()
  outgoing.once('close', () => {
    void reader?.cancel().catch(() => undefined)
  })
  for (let chunk = await reader?.read(); chunk?.done === false; chunk = await reader?.read())
    outgoing.write(chunk.value)
  outgoing.end()
}
