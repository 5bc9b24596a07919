import { connect, type AddressInfo, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { AtEnd } from '../at-end.js'
import { selfSigned, type SelfSigned } from '../servers/certificate.js'

/** A TLS server in front of an HTTP server on the loopback interface. */
export interface TlsFront {
  readonly port: number
  /** The certificate that clients have to trust, in PEM form. */
  readonly certificate: string
  /** Passes connections to this URL from now on. */
  forwardTo(url: string): void
}

const DAY = 86_400_000

/** Starts a TLS server with a self-signed certificate: the given one, or a new one for a host name. */
export async function startTlsFront(
  host: string | SelfSigned,
  atEnd: AtEnd = onTestFinished,
): Promise<TlsFront> {
  const now = Date.now()
  const { key, cert } =
    typeof host === 'string' ? selfSigned(host, new Date(now - DAY), new Date(now + DAY)) : host
  const sockets = new Set<Socket>()
  let target = 0
  const server = createServer({ key, cert }, (socket) => {
    sockets.add(socket)
    const upstream = connect(target, '127.0.0.1')
    socket.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
    upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy())
    socket.pipe(upstream).pipe(socket)
  })
  server.on('tlsClientError', (_, socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  atEnd(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return {
    port: (server.address() as AddressInfo).port,
    certificate: cert,
    forwardTo(url) {
      target = Number(new URL(url).port)
    },
  }
}
