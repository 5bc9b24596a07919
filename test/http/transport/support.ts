import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { exchange, type Exchange } from '../../../src/http/exchange.js'
import { createTransport, type Transport } from '../../../src/http/transport/transport.js'
import { nextTurn } from '../../support/until.js'

/** Received request and the socket for the response. */
interface Received {
  readonly socket: Socket
  readonly text: string
  /** Number of the connection, from 1. */
  readonly connection: number
}

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Server with a custom function that writes to its connections. */
export async function rawServer(answer: (request: Received, count: number) => void) {
  const sockets = new Set<Socket>()
  let [connections, requests] = [0, 0]
  const server = createServer((socket) => {
    const connection = (connections += 1)
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (data) => {
      requests += 1
      answer({ socket, text: data.toString('latin1'), connection }, requests)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query=1`,
    connections: () => connections,
    open: () => sockets.size,
  }
}

export function open(): Transport {
  const transport = createTransport(undefined)
  onTestFinished(() => {
    transport.close()
  })
  return transport
}

type Overrides = Partial<Exchange> & Pick<Exchange, 'url'>

export async function send(transport: Transport, request: Overrides) {
  const { status, headers, text } = await exchange({
    method: 'GET',
    headers: {},
    deadlineSeconds: 3,
    maxBytes: 1024,
    ...request,
    transport,
  })
  // Node releases the connection in a `nextTick` after the end of the response: no event of the network decides it.
  await nextTurn()
  return { status, headers, text }
}
