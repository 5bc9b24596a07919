import { isDeepStrictEqual } from 'node:util'
import type { RemoteResponse } from '../model/issuer/remote-profile.js'
import { isRecord, number } from '../util/members.js'
import type { StoredTimes } from '../store/shared-age.js'

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
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value)) return undefined
  const [at, age, ttl, status] = ['at', 'age', 'ttl', 'status'].map((name) => number(value, name))
  if (at === undefined || age === undefined || ttl === undefined || status === undefined) return undefined
  return { at, age, ttl, status, json: value['json'] }
}
