import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'

const given = new Set<number>()

/** Ports of each test process, so that no other one takes a port before the program listens. Only five have ranges of their own. */
const PER_PROCESS = 2000
const FIRST = 20_000 + PER_PROCESS * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 5)

/**
 * Finds a port for a program that cannot choose one itself, or that is started again on the same port. It is outside the
 * range from which systems assign ports, because a port of that range may get another owner before the program listens.
 * No two calls return the same port.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, FIRST + PER_PROCESS)
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
