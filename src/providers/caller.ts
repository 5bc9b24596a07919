import { createHash } from 'node:crypto'

/**
 * Identifies this service to an issuer: by its id, or by the digest of a credential that is part of the configuration.
 * `undefined` if only the credentials of each request identify it.
 */
export function callerWith(id: string | undefined, credential: string | undefined): string | undefined {
  if (id !== undefined) return `id ${id}`
  if (credential === undefined) return undefined
  return `credential ${createHash('sha256').update(`m2m-guard caller ${credential}`).digest('base64url')}`
}
