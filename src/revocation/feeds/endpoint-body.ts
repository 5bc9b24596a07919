import { ConfigurationError } from '../../options/configuration-error.js'
import { readOptions } from '../../options/read-options.js'
import { hasDuplicateMembers } from '../../util/duplicate-members.js'
import { parseJson } from '../../util/json.js'
import { isRecord } from '../../util/members.js'
import { NOT_ACCEPTED, readTarget, TARGET, TOKEN_TARGET_OPTIONS } from '../read-target.js'
import type { RevocationTarget, TokenTarget } from '../revocations.js'
import { DUPLICATE_MEMBERS, invalid } from './exchange.js'

/** A target that `verifier.revoke()` takes. */
export type EndpointTarget = RevocationTarget | TokenTarget

/** Maximum number of targets of one request. */
const MAX_TARGETS = 100

/** Members that are times. JSON has no `Date`. */
const TIMES = ['before', 'expiresAt'] as const

/** RFC 3339 section 5.6, with a time zone, because a time without one depends on that of the server. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * Reads the targets of a JSON body: one object, or a list of 1 to 100. All are checked before the first one is revoked.
 *
 * @throws FeedError that names the member that is missing, unknown or invalid.
 */
export function readJsonTargets(text: string): readonly EndpointTarget[] {
  const json = parseJson(text)
  if (json === undefined) throw invalid('the body must be JSON')
  if (hasDuplicateMembers(text)) throw invalid(DUPLICATE_MEMBERS)
  const list: readonly unknown[] | undefined = Array.isArray(json) ? json : undefined
  if (list === undefined) return [readOne(json, '')]
  if (list.length === 0 || list.length > MAX_TARGETS)
    throw invalid(`a list must have 1 to ${MAX_TARGETS} targets`)
  return list.map((target, index) => readOne(target, `[${index}]`))
}

function readOne(json: unknown, place: string): EndpointTarget {
  try {
    if (!isRecord(json)) throw new ConfigurationError(TARGET, 'must be a JSON object with a target')
    const target = { ...json }
    for (const name of TIMES) {
      const value = target[name]
      if (value !== undefined && Object.hasOwn(target, name)) target[name] = timeOf(name, value)
    }
    if (Object.hasOwn(target, 'token')) readOptions(TARGET, target, TOKEN_TARGET_OPTIONS)
    // The times are compared with the clock when the target is revoked.
    else readTarget(target, { now: 0, tolerance: Number.POSITIVE_INFINITY })
    return target as unknown as EndpointTarget
  } catch (error) {
    throw toFeedError(error, place)
  }
}

function timeOf(name: string, value: unknown): number | Date {
  if (typeof value === 'number') return value
  const date = typeof value === 'string' && DATE_TIME.test(value) ? new Date(value) : undefined
  if (date !== undefined && !Number.isNaN(date.getTime())) return date
  throw new ConfigurationError(
    `${TARGET}.${name}`,
    "must be a number of seconds since the epoch, or a date and time such as '2026-11-30T10:15:00Z'",
  )
}

/** Converts the error for an invalid target to a response that names the member. Returns other errors unchanged. */
export function toFeedError(error: unknown, place: string): unknown {
  if (!(error instanceof ConfigurationError)) return error
  const { option, message } = error
  const described = message.slice(option.length + 2)
  const problem = described.startsWith(NOT_ACCEPTED) ? NOT_ACCEPTED : described
  const member = option.startsWith(`${TARGET}.`) ? option.slice(TARGET.length + 1) : ''
  const path = [place, member].filter((part) => part !== '').join('.')
  return invalid(`${path === '' ? 'the target' : path}: ${problem}`)
}

/**
 * Reads the token of a revocation request (RFC 7009 section 2.1). `token_type_hint` and unknown parameters are ignored.
 *
 * @throws FeedError if there is not exactly one token.
 */
export function readFormToken(text: string): string {
  const tokens = new URLSearchParams(text).getAll('token')
  const [token = ''] = tokens
  if (tokens.length === 1 && token !== '') return token
  throw invalid('token: the form must contain exactly one token')
}
