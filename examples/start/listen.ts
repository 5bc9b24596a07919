import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Api } from './routes.js'

/** Listens on the loopback interface. Rejects if the port is unavailable. */
export async function listen(listener: RequestListener, port: number): Promise<Api> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}
