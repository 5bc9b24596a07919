import { SecretError, type CredentialReader } from '../../options/secret.js'
import { TokenSourceError } from '../errors.js'

/** Reads a credential option of a token source, which throws `credentials_unavailable`. */
export function sourceCredential<T>(reader: CredentialReader<T>): CredentialReader<T> {
  return { ...reader, read: () => reader.read().catch(throwSourceError) }
}

function throwSourceError(error: unknown): never {
  if (!(error instanceof SecretError)) throw error
  throw new TokenSourceError({
    reason: 'credentials_unavailable',
    problem: error.message,
    advice: 'Check the secret store it reads from',
  })
}
