import { createServer, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { AtEnd } from '../at-end.js'
import { listen } from '../servers/servers.js'

/** An HTTP proxy on the loopback interface. */
export interface ConnectProxy {
  readonly url: string
  /** The requests it received, in order: `CONNECT host:port` for a tunnel, `GET http://host:port/path` otherwise. */
  readonly requests: readonly string[]
  /** From now on, answers every request with 502. */
  fail(): void
}

/**
 * Starts an HTTP proxy that opens tunnels (RFC 9110 section 9.3.6) and forwards requests in absolute form.
 *
 * @param hosts - the port of the loopback interface that stands for a host name.
 */
export async function startConnectProxy(
  hosts: Readonly<Record<string, number>> = {},
  atEnd: AtEnd = onTestFinished,
): Promise<ConnectProxy> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  let isFailing = false
  const portOf = (hostname: string, port: string): number => hosts[hostname] ?? Number(port)

  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    requests.push(`${method} ${url}`)
    const { hostname, port, pathname, search } = new URL(url)
    if (isFailing) {
      response.writeHead(502).end()
      return
    }
    const target = { host: '127.0.0.1', port: portOf(hostname, port), path: pathname + search }
    const upstream = httpRequest({ ...target, method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    upstream.on('error', () => response.destroy())
    request.pipe(upstream)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
  })
  server.on('connect', ({ url = '' }, client: Socket, head: Buffer) => {
    requests.push(`CONNECT ${url}`)
    if (isFailing) {
      client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const { hostname, port } = new URL(`https://${url}`)
    const upstream = connect(portOf(hostname, port === '' ? '443' : port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      upstream.write(head)
      client.pipe(upstream).pipe(client)
    })
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
  })
  const port = await listen(server)
  atEnd(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    fail() {
      isFailing = true
    },
  }
}
