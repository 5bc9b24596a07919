import type { RedisConnection } from './connection.js'
import { integerOf, listOf } from './replies.js'

/** Returns the time of the server that has the revocations, in seconds since the epoch; `undefined` if the server forbids it. */
export async function readServerTime(
  { sendTogether }: Pick<RedisConnection, 'sendTogether'>,
  prefix: string,
): Promise<number | undefined> {
  const key = (name: string): string => `{${prefix}}:revocations:${name}`
  // `TIME` has no key, by which a cluster finds the server.
  const [, reply] = await sendTogether(key('meta'), [['ZCARD', key('live')], ['TIME']]).catch(noneIfForbidden)
  const [seconds, microseconds] = listOf(reply).map(integerOf)
  return seconds === undefined || microseconds === undefined ? undefined : seconds + microseconds / 1e6
}

function noneIfForbidden(error: unknown): readonly unknown[] {
  if (error instanceof Error && /^(NOPERM|ERR unknown command)/.test(error.message)) return []
  throw error
}
