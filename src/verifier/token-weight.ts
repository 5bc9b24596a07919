import type { AccessToken } from '../model/access-token.js'

/**
 * Heap assumed per part of parsed JSON, in bytes. Each is above the measured maximum in Node 20: objects that each have a
 * distinct hidden class, and one object with hundreds of members. A number outside the range of small integers takes 16.
 */
const OBJECT = 96
const MEMBER = 112
const ARRAY = 48
const ITEM = 24
const STRING = 24

/** Bytes per character: one, or two in a string with a character beyond Latin-1. */
const CHARACTER = 2

/**
 * Estimates the heap that claims take, in bytes, never far below the real value. Stops above `limit`, so that the estimate
 * is cheap and ends for cyclic values of a custom issuer.
 *
 * @returns the estimate, or `undefined` for claims that JSON cannot represent.
 */
export function weighClaims(claims: object, limit: number): number | undefined {
  const weight = weighObject(claims, limit)
  return Number.isNaN(weight) ? undefined : weight
}

function weigh(value: unknown, limit: number): number {
  switch (typeof value) {
    case 'string':
      return STRING + CHARACTER * value.length
    case 'number':
    case 'boolean':
      return 0
    case 'object':
      return value === null ? 0 : weighObject(value, limit)
    default:
      return Number.NaN
  }
}

function weighObject(value: object, limit: number): number {
  if (Array.isArray(value)) {
    let weight = ARRAY + ITEM * value.length
    for (let index = 0; index < value.length && weight <= limit; index += 1) {
      weight += weigh(value[index], limit - weight)
    }
    return weight
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return Number.NaN
  let weight = OBJECT
  for (const name of Object.keys(value)) {
    weight += MEMBER + CHARACTER * name.length
    if (weight > limit) return weight
    weight += weigh((value as Record<string, unknown>)[name], limit - weight)
  }
  return weight
}

/** Estimates the heap that the properties of a token take besides its claims, in bytes. */
export function weighToken(token: AccessToken): number {
  return TOKEN + weighStrings(token.scopes) + weighStrings(token.audience) + namesOf(token) * CHARACTER
}

/**
 * Bytes of a cache entry with token, decision and digest, all strings short, with a margin: test/slow/memory compares the
 * sum with the heap.
 */
const TOKEN = 2200

function namesOf({ issuer, subject, clientId = '', tokenId = '' }: AccessToken): number {
  return issuer.length + subject.length + clientId.length + tokenId.length
}

function weighStrings(list: readonly string[]): number {
  let characters = 0
  for (const item of list) characters += item.length
  return ARRAY + list.length * (ITEM + STRING) + characters * CHARACTER
}
