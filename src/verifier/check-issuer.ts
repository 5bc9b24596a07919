import type { Issuer } from '../model/issuer.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { isRecord } from '../util/members.js'

/** Issuers may be written by hand, so the parts that security rests on are checked here as well. */
export function assertIssuer(where: string, issuer: unknown): asserts issuer is Issuer {
  if (!isRecord(issuer) || typeof issuer['name'] !== 'string' || typeof issuer['provider'] !== 'string') {
    throw new ConfigurationError(where, 'must be an issuer, such as oauth({ ... })')
  }
  // Whatever its type says: each member is looked at below before it is believed.
  const { jwt, opaque, remote, audience, scopeMatcher } = issuer as unknown as Partial<Issuer>
  if (audience !== null && !(Array.isArray(audience) && audience.length > 0)) {
    throw new ConfigurationError(`${where}.audience`, 'must be a list of audiences, or null')
  }
  if (typeof scopeMatcher !== 'function')
    throw new ConfigurationError(`${where}.scopeMatcher`, 'must be a function')
  if (jwt === undefined && opaque === undefined) {
    throw new ConfigurationError(where, 'must accept JWTs or opaque tokens')
  }
  if (opaque !== undefined && remote === undefined) {
    throw new ConfigurationError(`${where}.remote`, 'is required for opaque tokens')
  }
  if (jwt?.checked === 'local' && jwt.keys === null) {
    throw new ConfigurationError(`${where}.jwt.keys`, 'is required where JWTs are checked locally')
  }
  if (jwt?.checked === 'remote' && remote === undefined) {
    throw new ConfigurationError(`${where}.remote`, 'is required where JWTs are checked remotely')
  }
}
