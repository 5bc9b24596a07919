import { ConfigurationError } from '../../src/options/configuration-error.js'
import { messageOf } from '../../src/revocation/store-failure.js'
import type { Watcher } from '../../src/revocation/polling/watch-state.js'
import { timers } from '../../src/util/timers.js'
import { isNodeRedisCluster, isNodeRedisSentinel } from './client.js'

/** Passes every message of a channel on, until the returned function is called. */
export type Subscribe = (channel: string, watcher: Watcher) => () => void

/** Seconds after which a subscription that was refused is tried again. */
const RETRY = 30

/** A client that may be duplicated, as far as it is used here. */
export interface Duplicable {
  readonly duplicate?: (...overrides: unknown[]) => unknown
  readonly call?: unknown
  readonly isCluster?: unknown
  readonly on?: (event: string, listener: () => void) => unknown
  readonly off?: (event: string, listener: () => void) => unknown
}

/** Second client of a subscription. Its connections belong to this package. */
interface Subscriber {
  readonly on: (event: string, listener: (...values: unknown[]) => void) => unknown
  readonly connect: () => Promise<unknown>
  readonly subscribe: (channel: string, listener?: () => void) => Promise<unknown>
  readonly isReady?: boolean
  readonly unref?: () => void
  readonly disconnect?: () => unknown
  readonly destroy?: () => unknown
  readonly stream?: { readonly unref?: () => void } | null
}

/**
 * Returns a function that subscribes with a duplicate of a client, because a connection with subscriptions takes no other
 * commands. The options of the client decide about its reconnecting. A subscription that is refused is tried again.
 *
 * @throws ConfigurationError if the client cannot be duplicated.
 */
export function subscribeWith(client: Duplicable): Subscribe {
  if (typeof client.duplicate !== 'function')
    throw new ConfigurationError(
      'redisRevocations.nudge',
      'requires a client with the method duplicate(). Pass false',
    )
  return (channel, watcher) => {
    let close: (() => void) | undefined
    let cancelRetry: (() => void) | undefined
    const closeOnce = (): void => {
      cancelRetry?.()
      close?.()
      close = undefined
    }
    const retryLater = (): void => {
      closeOnce()
      cancelRetry = timers.after(RETRY, reopen)
    }
    const reopen = (): void => {
      close ??= open(client, channel, watcher, retryLater)
    }
    reopen()
    // Otherwise the second connection would keep a process alive whose own client is closed.
    client.on?.('end', closeOnce)
    client.on?.('connect', reopen)
    return () => {
      client.off?.('end', closeOnce)
      client.off?.('connect', reopen)
      closeOnce()
    }
  }
}

function open(
  client: Duplicable,
  channel: string,
  { onChange, onState }: Watcher,
  onRefused: () => void,
): () => void {
  const isIoRedis = typeof client.call === 'function'
  const subscriber = duplicateOf(client, isIoRedis)
  let [isSubscribed, isClosed] = [false, false]
  const fail = (error: unknown): void => {
    if (!isClosed) onState(messageOf(error))
  }
  const onMessage = (): void => {
    onState(undefined)
    onChange()
  }
  // Without a listener an `error` event ends the process. Clients with several connections do not say which of them fails.
  const hasOneConnection = isSingle(client)
  subscriber.on('error', (error) => {
    if (hasOneConnection) fail(error)
  })
  subscriber.on('close', () => {
    if (hasOneConnection) fail(new Error('the connection is closed'))
  })
  subscriber.on('connect', () => {
    subscriber.stream?.unref?.()
  })
  const conclude = (subscribing: Promise<unknown>): void => {
    subscribing.then(
      () => {
        isSubscribed = true
        if (!isClosed) onState(undefined)
      },
      (error: unknown) => {
        fail(error)
        if (!isClosed) onRefused()
      },
    )
  }
  if (isIoRedis) {
    subscriber.on('message', onMessage)
    subscriber.on('ready', () => {
      conclude(subscriber.subscribe(channel))
    })
  } else {
    subscriber.on('ready', () => {
      if (isSubscribed && !isClosed) onState(undefined)
    })
    conclude(connect(subscriber, channel, onMessage))
  }
  return () => {
    isClosed = true
    if (isIoRedis) subscriber.disconnect?.()
    else destroy(subscriber)
  }
}

/**
 * Closes a client of node-redis. One that is connecting would keep the connection that it gets, so it is closed when the
 * attempt has ended.
 */
function destroy(subscriber: Subscriber): void {
  const end = (): void => {
    try {
      subscriber.destroy?.()
    } catch {
      // It throws if the connection is closed already.
    }
  }
  // A client with several connections has no such state.
  if (subscriber.isReady !== false) {
    end()
    return
  }
  subscriber.on('ready', end)
  subscriber.on('error', end)
}

/** Whether a client has one connection, whose events say whether the subscription works. */
function isSingle(client: Duplicable): boolean {
  return client.isCluster !== true && !isNodeRedisCluster(client) && !isNodeRedisSentinel(client)
}

/**
 * The options of ioredis are completed so that it reconnects without end. It must not subscribe again by itself: a connection
 * that is closed meanwhile would reject a promise that nothing handles, which ends the process.
 */
function duplicateOf(client: Duplicable, isIoRedis: boolean): Subscriber {
  const overrides = { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResubscribe: false }
  const args = isIoRedis ? (client.isCluster === true ? [[], {}] : [overrides]) : []
  return client.duplicate?.(...args) as Subscriber
}

async function connect(subscriber: Subscriber, channel: string, onMessage: () => void): Promise<void> {
  await subscriber.connect()
  subscriber.unref?.()
  await subscriber.subscribe(channel, onMessage)
}
