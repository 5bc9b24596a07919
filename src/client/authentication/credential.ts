import { SecretError, type CredentialReader } from '../../options/secret.js'
import { TokenSourceError } from '../errors.js'

/** Reads a credential option of a token source, which throws `credentials_unavailable`. */
export function sourceCredential<T>(reader: CredentialReader<T>): CredentialReader<T> {
  return { ...reader, read: () => readCredential(reader.read) }
}

/** Reads a credential, or creates a proof with one. Throws `credentials_unavailable` if its function fails. */
export async function readCredential<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof SecretError)) throw error
    throw new TokenSourceError({
      reason: 'credentials_unavailable',
      problem: `${error.problem}, so that no token request was sent`,
      advice: error.advice,
    })
  }
}
