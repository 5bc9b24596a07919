import { isRecord } from '../util/members.js'
import type { Verifier } from '../verifier/verifier.js'
import { MetricAttributes } from './attributes.js'
import { unknownTarget } from './token-readings.js'

/**
 * Creates the attributes of a verifier's measurements.
 *
 * @throws ConfigurationError if the value is not a verifier.
 */
export function attributesFor(
  where: string,
  verifier: Verifier,
  clients: readonly string[] | undefined,
): MetricAttributes {
  const given: unknown = verifier
  if (!isRecord(given) || typeof given['observe'] !== 'function' || typeof given['health'] !== 'function')
    throw unknownTarget(where)
  return new MetricAttributes(
    verifier.health().issuers.map(({ name }) => name),
    clients,
  )
}
