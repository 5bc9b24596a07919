import type { TokenInfo } from '../../client/index.js'

/** The result of a command that obtains a token. Its expiry is in whole seconds, as the times of the vendors are. */
export function tokenItem({ token, expiresAt, scopes }: TokenInfo): TokenInfo {
  return { token, expiresAt: expiresAt === undefined ? undefined : Math.floor(expiresAt), scopes }
}
