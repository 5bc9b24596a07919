import { isRecord, isStringList, nonEmptyString, number } from '../../util/members.js'
import { parseStored, type StoredTimes } from '../../store/shared-age.js'
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
  const parsed = parseStored(text)
  const issued = parsed?.stored['issued']
  if (parsed === undefined || !isRecord(issued)) return undefined
  const token = nonEmptyString(issued, 'token')
  const lifetime = issued['lifetime'] === null ? null : number(issued, 'lifetime')
  if (token === undefined || lifetime === undefined) return undefined
  const scopes = issued['scopes']
  const issuedAge = number(issued, 'age')
  return {
    ...parsed.times,
    issued: {
      token,
      lifetime,
      ...(issuedAge === undefined ? {} : { age: issuedAge }),
      ...(isStringList(scopes) ? { scopes } : {}),
    },
  }
}
