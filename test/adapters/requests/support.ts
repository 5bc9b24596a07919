import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { guard as expressGuard } from '../../../adapters/express.js'
import { m2mGuard } from '../../../adapters/fastify.js'
import { guard as honoGuard } from '../../../adapters/hono.js'
import { guard as koaGuard } from '../../../adapters/koa.js'
import type { Verifier } from '../../../src/index.js'

/** A guarded application that responds 200 behind the guard and counts these responses. */
type Application = (verifier: Verifier, handled: () => void) => Promise<RequestListener>

export const APPLICATIONS: readonly { readonly name: string; readonly make: Application }[] = [
  {
    name: 'Express',
    make: (verifier, handled) => {
      const app = express()
      app.use(expressGuard(verifier))
      app.use((_request, response) => {
        handled()
        response.json({ fine: true })
      })
      return Promise.resolve(app as RequestListener)
    },
  },
  {
    name: 'Koa',
    make: (verifier, handled) => {
      const app = new Koa()
      app.use(koaGuard(verifier))
      app.use((context) => {
        handled()
        context.body = { fine: true }
      })
      return Promise.resolve(app.callback() as RequestListener)
    },
  },
  {
    name: 'Fastify',
    make: async (verifier, handled) => {
      let listener: RequestListener | undefined
      const app = Fastify({
        serverFactory: (handler) => {
          listener = handler
          return createServer(handler)
        },
      })
      await app.register(m2mGuard, { verifier })
      app.get('/', () => {
        handled()
        return { fine: true }
      })
      await app.ready()
      if (listener === undefined) throw new Error('Fastify made no listener')
      return listener
    },
  },
  {
    name: 'Hono',
    make: (verifier, handled) => {
      const app = new Hono()
      app.use(honoGuard(verifier))
      app.get('/', (context) => {
        handled()
        return context.json({ fine: true })
      })
      return Promise.resolve(getRequestListener(app.fetch) as RequestListener)
    },
  },
]

/** A listening server. */
export interface Running {
  readonly port: number
  /** Number of calls of the handler behind the guard. */
  readonly handled: () => number
  /** Resolves when the given number of connections has ended on the server's side. */
  readonly ended: (connections: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** Serves an application on a free port. */
export async function serve(
  make: Application,
  verifier: Verifier,
  options: { readonly maxHeaderSize?: number; readonly insecureHTTPParser?: boolean } = {},
): Promise<Running> {
  let handled = 0
  let ended = 0
  const server = createServer(options, await make(verifier, () => (handled += 1)))
  server.on('connection', (socket) => {
    socket.on('close', () => {
      ended += 1
      server.emit('one-ended')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    handled: () => handled,
    async ended(connections) {
      while (ended < connections) await once(server, 'one-ended')
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A connection for raw bytes, and the received bytes. */
export interface Wire {
  readonly socket: Socket
  /** Status of the first response; 0 if the connection ended without one. */
  readonly status: Promise<number>
}

/** Opens a connection and writes bytes, one latin1 character each. */
export function write(port: number, text: string): Wire {
  const socket = connect(port, '127.0.0.1')
  // A server that closes the connection without reading is not a failure of the test.
  socket.on('error', () => undefined)
  let received = ''
  const status = new Promise<number>((resolve) => {
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      const found = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1]
      if (found !== undefined) resolve(Number(found))
    })
    socket.on('close', () => resolve(0))
  })
  socket.write(text, 'latin1')
  return { socket, status }
}

/** A request with the given header lines. */
export function request(...lines: readonly string[]): string {
  return `${['GET / HTTP/1.1', 'Host: api.internal', ...lines].join('\r\n')}\r\n\r\n`
}

/** Sends a request, returns the status and closes the connection. */
export async function ask(port: number, text: string): Promise<number> {
  const { socket, status } = write(port, text)
  const got = await status
  socket.destroy()
  return got
}
