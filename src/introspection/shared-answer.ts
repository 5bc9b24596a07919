import { isDeepStrictEqual } from 'node:util'
import type { RemoteResponse } from '../model/issuer/remote-profile.js'
import { number } from '../util/members.js'
import { parseStored, type StoredTimes } from '../store/shared-age.js'

/** A response of an issuer about a token, as processes share it. It is read again by each of them, with its configuration. */
export interface SharedAnswer extends RemoteResponse, StoredTimes {}

/** Longer responses are not shared. */
const LONGEST = 65_536

/** Serializes a response; `undefined` if it is too long or JSON would change it. */
export function serializeAnswer({ at, age, ttl, status, json }: SharedAnswer): string | undefined {
  const text = JSON.stringify({ at, age, ttl, status, json })
  // JSON has no infinite numbers, and a claim that another process reads as absent could accept what this one refuses.
  const isExact = isDeepStrictEqual((JSON.parse(text) as { json?: unknown }).json, json)
  return isExact && text.length <= LONGEST ? text : undefined
}

/** Reads what was serialized; `undefined` for anything else. */
export function parseAnswer(text: string): SharedAnswer | undefined {
  const parsed = parseStored(text)
  if (parsed === undefined) return undefined
  const { times, stored } = parsed
  const status = number(stored, 'status')
  return status === undefined ? undefined : { ...times, status, json: stored['json'] }
}
