import { Redis as Valkey } from 'iovalkey'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis-5'
import { createClient } from 'redis'
import { createClient as createClient5 } from 'redis-5'
import { onTestFinished } from 'vitest'
import type { RedisClient } from '../../../adapters/redis.js'
import type { AtEnd } from '../at-end.js'

interface Options {
  readonly username?: string
  readonly password?: string
}

/** Connects a client of each supported library and major version. */
export const CLIENTS: Readonly<
  Record<string, (port: number, options?: Options, atEnd?: AtEnd) => Promise<RedisClient>>
> = {
  'node-redis 6': async (port, options, atEnd = onTestFinished) => {
    const client = createClient({ socket: { host: '127.0.0.1', port }, ...options }).on(
      'error',
      () => undefined,
    )
    atEnd(() => {
      client.destroy()
    })
    await client.connect()
    return client
  },
  'node-redis 5': async (port, options, atEnd = onTestFinished) => {
    const client = createClient5({ socket: { host: '127.0.0.1', port }, ...options }).on(
      'error',
      () => undefined,
    )
    atEnd(() => {
      client.destroy()
    })
    await client.connect()
    return client
  },
  'ioredis 6': (port, options, atEnd = onTestFinished) => {
    const client = new Redis({ host: '127.0.0.1', port, ...options }).on('error', () => undefined)
    atEnd(() => {
      client.disconnect()
    })
    return Promise.resolve(client)
  },
  'ioredis 5': (port, options, atEnd = onTestFinished) => {
    const client = new Redis5({ host: '127.0.0.1', port, ...options }).on('error', () => undefined)
    atEnd(() => {
      client.disconnect()
    })
    return Promise.resolve(client)
  },
  iovalkey: (port, options, atEnd = onTestFinished) => {
    const client = new Valkey({ host: '127.0.0.1', port, ...options }).on('error', () => undefined)
    atEnd(() => {
      client.disconnect()
    })
    return Promise.resolve(client)
  },
}
