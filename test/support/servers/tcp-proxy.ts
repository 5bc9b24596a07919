import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.js'

/** What the proxy does with the connections that come. */
type ProxyBehaviour =
  | 'pass'
  /** Ends each connection immediately with a TCP reset. */
  | 'reset'
  /** Accepts and reads, and lets nothing through in either direction. */
  | 'blackHole'
  /** Responds once, and resets the connection when it is reused. */
  | 'resetOnReuse'
  /** Number of response bytes to pass on before a reset. */
  | { readonly cutAfter: number }

/** A TCP proxy on the loopback interface, for troubles that no HTTP server can have. */
export interface TcpProxy extends AsyncDisposable {
  readonly url: string
  /** How many connections came since the start. */
  readonly connections: number
  /** How many of them are open. */
  readonly open: number
  /** How many connections were reset because they were reused. */
  readonly reused: number
  /** Resolves once so many connections have come in all. */
  arrived(connections: number): Promise<void>
  /** Resolves once none is open any more. */
  idle(): Promise<void>
  /** From now on; connections made before keep the behaviour they met. */
  behave(how: ProxyBehaviour): void
  /** Stops listening, so that the system refuses connections, and ends those that are open. */
  refuse(): Promise<void>
  /** Listens again, at the same port. */
  accept(): Promise<void>
  close(): Promise<void>
}

/** Starts a proxy in front of an HTTP server on the loopback interface. */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { port: targetPort } = new URL(target)
  const sockets = new Set<Socket>()
  const watchers = new Set<() => void>()
  let behaviour: ProxyBehaviour = 'pass'
  let connections = 0
  let reused = 0
  let server: Server | undefined

  const changed = (): void => {
    for (const watcher of [...watchers]) watcher()
  }
  const when = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const watcher = (): void => {
        if (!holds()) return
        watchers.delete(watcher)
        resolve()
      }
      watchers.add(watcher)
      watcher()
    })
  const serve = (client: Socket): void => {
    connections += 1
    sockets.add(client)
    client.on('error', () => undefined)
    client.on('close', () => {
      sockets.delete(client)
      changed()
    })
    changed()
    forward(client, Number(targetPort), behaviour, () => (reused += 1))
  }
  const listen = async (port: number): Promise<number> => {
    const listening = createServer(serve)
    await new Promise<void>((resolve, reject) => {
      listening.once('error', reject)
      listening.listen(port, '127.0.0.1', resolve)
    })
    server = listening
    return (listening.address() as AddressInfo).port
  }
  const refuse = async (): Promise<void> => {
    const closing = server
    server = undefined
    await new Promise<void>((resolve) => {
      if (closing === undefined) resolve()
      else closing.close(() => resolve())
      for (const socket of sockets) socket.resetAndDestroy()
    })
  }

  const port = await listen(await freePort())
  return {
    url: `http://127.0.0.1:${port}`,
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
    get reused() {
      return reused
    },
    arrived: (count) => when(() => connections >= count),
    idle: () => when(() => sockets.size === 0),
    behave(how) {
      behaviour = how
    },
    refuse,
    async accept() {
      await listen(port)
    },
    close: refuse,
    [Symbol.asyncDispose]: refuse,
  }
}

function forward(client: Socket, port: number, behaviour: ProxyBehaviour, isReused: () => void): void {
  if (behaviour === 'reset') {
    client.resetAndDestroy()
    return
  }
  if (behaviour === 'blackHole') {
    client.resume()
    return
  }
  const upstream = connect(port, '127.0.0.1')
  upstream.on('error', () => client.destroy())
  upstream.on('close', () => client.end())
  client.on('close', () => upstream.destroy())
  let hasAnswered = false
  let left = typeof behaviour === 'object' ? behaviour.cutAfter : Number.POSITIVE_INFINITY
  client.on('data', (chunk) => {
    if (behaviour === 'resetOnReuse' && hasAnswered) {
      isReused()
      client.resetAndDestroy()
    } else upstream.write(chunk)
  })
  upstream.on('data', (chunk) => {
    hasAnswered = true
    const passing = chunk.subarray(0, left)
    left -= passing.length
    client.write(passing, () => {
      // Ended, not reset: a reset would take back what was sent, and this is a server that stops half-way.
      if (left <= 0) client.destroy()
    })
  })
}
