import { isRecord, isStringList, nonEmptyString, number } from '../../util/members.js'
import type { StoredTimes } from '../../store/shared-age.js'
import type { IssuedToken } from '../grants/grant.js'

/** A token as processes share it. */
export interface SharedToken extends StoredTimes {
  readonly issued: IssuedToken
}

/** Serializes a token. */
export function serializeToken({ at, age, ttl, issued }: SharedToken): string {
  return JSON.stringify({ at, age, ttl, issued })
}

/** Reads what was serialized; `undefined` for anything else. */
export function parseToken(text: string): SharedToken | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value) || !isRecord(value['issued'])) return undefined
  const { issued } = value
  const [at, age, ttl] = ['at', 'age', 'ttl'].map((name) => number(value, name))
  const token = nonEmptyString(issued, 'token')
  const lifetime = issued['lifetime'] === null ? null : number(issued, 'lifetime')
  if (at === undefined || age === undefined || ttl === undefined) return undefined
  if (token === undefined || lifetime === undefined) return undefined
  const scopes = issued['scopes']
  const issuedAge = number(issued, 'age')
  return {
    at,
    age,
    ttl,
    issued: {
      token,
      lifetime,
      ...(issuedAge === undefined ? {} : { age: issuedAge }),
      ...(isStringList(scopes) ? { scopes } : {}),
    },
  }
}
