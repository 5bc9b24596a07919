import { custom, type Reader } from '../../src/options/reader.js'
import { redisClient, type SendCommand } from './client.js'

/** A client with the function that sends its commands. */
export interface RedisConnection {
  readonly client: object
  readonly send: SendCommand
}

/** Reads the `client` option where more than sending commands is needed. */
export const redisConnection: Reader<RedisConnection> = custom('Redis client', (option, value) => ({
  send: redisClient.read(option, value),
  client: value as object,
}))
