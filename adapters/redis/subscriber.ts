import { ConfigurationError } from '../../src/options/configuration-error.js'

/** Calls back for every message of a channel, until the returned function is called. */
export type Subscribe = (channel: string, onMessage: () => void) => () => void

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
  readonly unref?: () => void
  readonly disconnect?: () => unknown
  readonly destroy?: () => unknown
  readonly stream?: { readonly unref?: () => void } | null
}

/**
 * Returns a function that subscribes with a duplicate of a client, because a connection with subscriptions takes no other
 * commands. The options of the client decide about its reconnecting. A subscription that fails is not reported: its messages
 * only make changes known earlier.
 *
 * @throws ConfigurationError if the client cannot be duplicated.
 */
export function subscribeWith(client: Duplicable): Subscribe {
  if (typeof client.duplicate !== 'function')
    throw new ConfigurationError('nudge', 'requires a client with the method duplicate(). Pass false')
  return (channel, onMessage) => {
    let close: (() => void) | undefined = open(client, channel, onMessage)
    const closeOnce = (): void => {
      close?.()
      close = undefined
    }
    const reopen = (): void => {
      close ??= open(client, channel, onMessage)
    }
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

function open(client: Duplicable, channel: string, onMessage: () => void): () => void {
  const isIoRedis = typeof client.call === 'function'
  const subscriber = duplicateOf(client, isIoRedis)
  // Without a listener an `error` event ends the process.
  subscriber.on('error', () => undefined)
  subscriber.on('connect', () => {
    subscriber.stream?.unref?.()
  })
  if (isIoRedis) subscriber.on('message', onMessage)
  void connect(subscriber, isIoRedis, channel, onMessage).catch(() => undefined)
  return () => {
    try {
      if (isIoRedis) subscriber.disconnect?.()
      else subscriber.destroy?.()
    } catch {
      // node-redis throws if the connection is closed already.
    }
  }
}

/** The options of ioredis are completed so that a subscription waits for the connection, and outlasts it. */
function duplicateOf(client: Duplicable, isIoRedis: boolean): Subscriber {
  const overrides = { enableOfflineQueue: true, maxRetriesPerRequest: null, autoResubscribe: true }
  const args = isIoRedis ? (client.isCluster === true ? [[], {}] : [overrides]) : []
  return client.duplicate?.(...args) as Subscriber
}

async function connect(
  subscriber: Subscriber,
  isIoRedis: boolean,
  channel: string,
  onMessage: () => void,
): Promise<void> {
  if (isIoRedis) {
    await subscriber.subscribe(channel)
    return
  }
  await subscriber.connect()
  subscriber.unref?.()
  await subscriber.subscribe(channel, onMessage)
}
