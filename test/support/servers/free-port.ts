import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

const given = new Set<number>()

/**
 * Finds a port for a program that cannot choose one itself, or that is started again on the same port. It is outside the
 * range from which systems assign ports, because a port of that range may get another owner before the program listens.
 * No two calls return the same port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000)
    if (given.has(port)) continue
    given.add(port)
    const server = createServer()
    const isFree = once(server, 'listening').then(
      () => true,
      () => false,
    )
    server.listen(port, '127.0.0.1')
    if (!(await isFree)) continue
    await once(server.close(), 'close')
    return port
  }
}
