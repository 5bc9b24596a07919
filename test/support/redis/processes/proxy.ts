import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { AtEnd } from '../../at-end.js'

/** A TCP proxy between one process and Redis. */
export interface RedisProxy {
  readonly port: number
  /** Ends all connections with a TCP reset, and refuses new ones. */
  readonly cut: () => void
  /** Keeps connections open, and lets nothing through in either direction. */
  readonly hold: () => void
  /** Lets everything through again, first what was held. */
  readonly heal: () => void
  /** Delays every reply of Redis by a number of milliseconds. */
  readonly delayReplies: (milliseconds: number) => void
}

/** Starts a proxy in front of a port on loopback. */
export async function startRedisProxy(target: number, atEnd: AtEnd): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  let state: 'open' | 'held' | 'cut' = 'open'
  let delay = 0
  const server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy()
      return
    }
    const redis = connect(target, '127.0.0.1')
    join(client, redis, () => 0)
    join(redis, client, () => delay)
  }).listen(0, '127.0.0.1')
  const join = (from: Socket, to: Socket, delayOf: () => number): void => {
    sockets.add(from)
    if (state === 'held') from.pause()
    from.on('data', (chunk) => {
      if (delayOf() === 0) to.write(chunk)
      else setTimeout(() => to.write(chunk), delayOf())
    })
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  await once(server, 'listening')
  const end = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  atEnd(() => {
    server.close()
    end()
  })
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut'
      end()
    },
    hold: () => {
      state = 'held'
      for (const socket of sockets) socket.pause()
    },
    heal: () => {
      state = 'open'
      for (const socket of sockets) socket.resume()
    },
    delayReplies: (milliseconds) => {
      delay = milliseconds
    },
  }
}
