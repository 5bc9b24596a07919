import { ConfigurationError } from './configuration-error.js'
import { DEEPEST_NESTING } from '../util/freeze.js'
import { isRecord } from '../util/members.js'

/**
 * A copy of an input that is sent as JSON. What JSON would leave out or turn into something else is refused:
 * it must arrive as it was written.
 */
export function copyJson(option: string, value: unknown, around: readonly unknown[] = []): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const isList = Array.isArray(value)
  const isPlain = isRecord(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object)
  if (around.length >= DEEPEST_NESTING)
    throw new ConfigurationError(
      option.split('.', 3).join('.'),
      `must not be nested deeper than ${DEEPEST_NESTING}`,
    )
  if ((!isList && !isPlain) || around.includes(value))
    throw new ConfigurationError(option, 'must be a value of JSON, without cycles')
  const within = [...around, value]
  if (isList) return value.map((item, index) => copyJson(`${option}[${index}]`, item, within))
  const members = Object.entries(value as object).map(([name, member]) => [
    name,
    copyJson(`${option}.${name}`, member, within),
  ])
  return Object.fromEntries(members)
}
