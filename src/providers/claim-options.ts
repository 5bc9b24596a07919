import {
  claimReference,
  scopeClaimReference,
  type ClaimReference,
  type ScopeClaimReference,
} from '../model/claim-path.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import { custom, described, mismatch, withDefault, type Reader } from '../options/reader.js'
import { nonEmptyString } from '../options/readers.js'
import { isRecord, mapItems } from '../util/members.js'

/**
 * Position of a claim: its name, or a path of names for a claim inside an object: `['realm_access', 'roles']`. A name is
 * never split at dots.
 */
export type ClaimPath = string | readonly string[]

/** Claim that contains scopes as a string or a list, or with `keys: true` an object whose keys are the scopes. */
export type ScopeClaim =
  | ClaimPath
  | {
      /** Position of the object. */
      readonly path: ClaimPath
      /** Always `true`. */
      readonly keys: true
    }

const PATHS = { type: 'list of names or paths', bounds: 'at least one' }

/** Reads the claims that name the client. */
export function clientClaimsOption(fallback: readonly string[]): Reader<readonly ClaimReference[]> {
  const reader = custom(PATHS, (option, value) => readList(option, value, readPath))
  return described(withDefault(reader, Object.freeze(fallback.map(claimReference))), { default: fallback })
}

const SCOPE_CLAIMS = { type: 'list of names, paths or { path, keys: true }', bounds: 'at least one' }

/** Reads the claims that contain scopes. */
export function scopeClaimsOption(fallback: readonly string[]): Reader<readonly ScopeClaimReference[]> {
  const reader = custom(SCOPE_CLAIMS, (option, value) => readList(option, value, readScopeClaim))
  const references = Object.freeze(fallback.map(scopeClaimReference))
  return described(withDefault(reader, references), { default: fallback })
}

function readList<T>(
  option: string,
  value: unknown,
  readItem: (option: string, item: unknown) => T,
): readonly T[] {
  if (!Array.isArray(value)) return Object.freeze([readItem(option, value)])
  if (value.length === 0) throw mismatch(option, value, 'must not be an empty list')
  return Object.freeze(
    mapItems<unknown, T>(value, (item, index) => readItem(itemName(option, item, index), item)),
  )
}

/** Names an item that is a path or an object. A plain name is named like the option. */
function itemName(option: string, item: unknown, index: number): string {
  return typeof item === 'object' && item !== null ? `${option}[${index}]` : option
}

function readPath(option: string, value: unknown): ClaimReference {
  if (isRecord(value))
    throw mismatch(
      option,
      value,
      "must be a non-empty string, or a path such as ['client', 'id'], not an object",
    )
  return claimReference(namesOf(option, value))
}

function readScopeClaim(option: string, value: unknown): ScopeClaimReference {
  if (!isRecord(value)) return scopeClaimReference(namesOf(option, value))
  const { path } = readOptions(option, value, { path: pathNames, keys: keysMarker })
  return Object.freeze({ ...claimReference(path), hasKeys: true })
}

function namesOf(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [nonEmptyString.read(option, value)]
  if (value.length === 0)
    throw new ConfigurationError(
      option,
      "must be a path of at least one name, such as ['realm_access', 'roles']",
    )
  return mapItems<unknown, string>(value, (name) => nonEmptyString.read(option, name))
}

const pathNames = custom<readonly string[]>('name or path', namesOf)

const keysMarker = custom<true>('true', (option, value) => {
  if (value === true) return true
  throw mismatch(option, value, 'must be true. For a claim that is a string or a list, write its path alone')
})
