import { redisRevocations, type RedisClient } from '../../../adapters/redis.js'
import type { Revocations } from '../../revocation/revocations.js'
import { isRecord } from '../../util/members.js'
import { withoutSecrets } from '../../util/redact.js'
import { CliError, EXIT, UsageError } from '../exit-code.js'
import { valueOf } from '../input/environment.js'
import type { Terminal } from '../terminal.js'

/** Milliseconds for connecting. */
const CONNECT_MILLISECONDS = 5000

/** A store of revocations that a command uses. */
export interface RedisStore {
  readonly client: RedisClient
  readonly prefix: string | undefined
}

/** Where Redis is. */
export interface RedisPlace {
  /** URL, or `env:NAME` for a variable that contains it. */
  readonly redis: string
  readonly prefix: string | undefined
}

/** A client, with what closes it. */
interface Connection {
  readonly client: RedisClient
  readonly connect: () => Promise<unknown>
  readonly close: () => void
}

/** Packages of Redis clients, by what connects with each. */
const LIBRARIES: readonly (readonly [name: string, open: (exports: Exports, url: string) => Connection])[] = [
  ['redis', openNodeRedis],
  ['ioredis', openIoRedis],
  ['iovalkey', openIoRedis],
]

type Exports = Readonly<Record<string, unknown>>

/**
 * Connects to Redis with the client library that the application has installed, runs an action and closes the connection.
 *
 * @throws UsageError as a rejection if no library is installed, or the URL is invalid.
 * @throws CliError as a rejection if Redis fails. No message contains the password.
 */
export async function withStore<T>(
  place: RedisPlace,
  { env, loadPackage }: Pick<Terminal, 'env' | 'loadPackage'>,
  action: (store: RedisStore) => Promise<T>,
): Promise<T> {
  const url = readUrl(place.redis, env)
  const connection = await open(url, loadPackage)
  try {
    await connection.connect()
    return await action({ client: connection.client, prefix: place.prefix })
  } catch (error) {
    if (error instanceof CliError || (error instanceof TypeError && error.name === 'ConfigurationError'))
      throw error
    const message =
      error instanceof Error ? error.message || String(Reflect.get(error, 'code')) : 'unknown error'
    throw new CliError(EXIT.failed, `Redis at ${url.host}: ${withoutSecrets(message, secretsOf(url))}`)
  } finally {
    connection.close()
  }
}

/**
 * Creates the revocations of a store. They read it on request only.
 *
 * @param onSkipped - called with a description of the entries that cannot be read.
 */
export function revocationsOf(
  { client, prefix }: RedisStore,
  onSkipped: (detail: string) => void = () => undefined,
): Revocations {
  return redisRevocations({
    client,
    ...(prefix === undefined ? {} : { prefix }),
    // The result and the exit code of the command report what the other events would.
    onEvent: ({ kind, detail }) => {
      if (kind === 'entry_skipped') onSkipped(detail)
    },
  })
}

function readUrl(place: string, env: Terminal['env']): URL {
  const name = /^env:(.+)$/.exec(place)?.[1]
  const text = name === undefined ? place : valueOf(env, name)
  if (text === undefined) throw new UsageError(`--redis: the variable ${name ?? ''} is not set`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return url
  throw new UsageError(
    '--redis: must be a URL such as redis://redis.internal:6379 or rediss://…, or env:NAME',
  )
}

function secretsOf({ href, password }: URL): readonly string[] {
  return password === '' ? [] : [href, password, decodeURIComponent(password)]
}

async function open({ href }: URL, loadPackage: Terminal['loadPackage']): Promise<Connection> {
  for (const [name, openWith] of LIBRARIES) {
    const loaded = await loadPackage(name)
    if (loaded !== undefined) return openWith(exportsOf(loaded), href)
  }
  throw new UsageError(
    'no Redis client is installed in this folder. Run npm install redis, or install ioredis or iovalkey',
  )
}

/** The exports of a module. Those of a CommonJS module may be found in `default` only. */
function exportsOf(loaded: unknown): Exports {
  const exports = isRecord(loaded) ? { ...loaded } : {}
  const { default: inner } = exports
  return typeof inner === 'object' && inner !== null ? { ...exports, ...inner } : exports
}

function openNodeRedis({ createClient }: Exports, url: string): Connection {
  const socket = { connectTimeout: CONNECT_MILLISECONDS, reconnectStrategy: false }
  const client = (createClient as (options: object) => NodeRedis)({ url, socket })
  client.on('error', () => undefined)
  return {
    client,
    connect: () => client.connect(),
    close: () => {
      // Throws for a client that is not connected.
      if (client.isOpen) client.destroy()
    },
  }
}

function openIoRedis({ Redis }: Exports, url: string): Connection {
  const options = {
    lazyConnect: true,
    connectTimeout: CONNECT_MILLISECONDS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  }
  const client = new (Redis as new (url: string, options: object) => IoRedis)(url, options)
  let failure: unknown
  client.on('error', (error) => {
    failure = error
  })
  return {
    client,
    // The rejection only says that the connection is closed. The event has the reason.
    connect: () =>
      client.connect().catch((error: unknown) => {
        throw failure ?? error
      }),
    close: () => {
      client.disconnect()
    },
  }
}

/** A client of node-redis, as far as it is used here. */
type NodeRedis = RedisClient & {
  readonly isOpen: boolean
  on(event: 'error', listener: (error: unknown) => void): unknown
  connect(): Promise<unknown>
  destroy(): void
}

/** A client of ioredis or iovalkey, as far as it is used here. */
type IoRedis = RedisClient & {
  on(event: 'error', listener: (error: unknown) => void): unknown
  connect(): Promise<unknown>
  disconnect(): void
}
