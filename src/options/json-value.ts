import { ConfigurationError } from './configuration-error.js'
import { DEEPEST_NESTING } from '../util/freeze.js'
import { isRecord, mapItems } from '../util/members.js'

/**
 * Copies an input that is sent as JSON. Refuses values that JSON would omit or convert, so that the receiver gets exactly
 * the input.
 *
 * @param ancestors - the objects that contain the value, to detect cycles.
 * @throws ConfigurationError that names the option.
 */
export function copyJson(option: string, value: unknown, ancestors: readonly unknown[] = []): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const isList = Array.isArray(value)
  const isPlain = isRecord(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object)
  if (ancestors.length >= DEEPEST_NESTING)
    throw new ConfigurationError(
      option.split('.', 3).join('.'),
      `must not be nested deeper than ${DEEPEST_NESTING} levels`,
    )
  if ((!isList && !isPlain) || ancestors.includes(value))
    throw new ConfigurationError(option, 'must be a JSON value without cycles')
  const path = [...ancestors, value]
  if (isList)
    return mapItems<unknown, unknown>(value, (item, index) => copyJson(`${option}[${index}]`, item, path))
  const members = Object.entries(value as object).map(([name, member]) => [
    name,
    copyJson(`${option}.${name}`, member, path),
  ])
  return Object.fromEntries(members)
}
