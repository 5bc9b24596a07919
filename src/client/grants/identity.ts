import { ConfigurationError } from '../../options/configuration-error.js'
import type { Tokens } from '../../store/tokens.js'

/** Options that identify a client at a token endpoint. */
interface ClientSettings {
  readonly tokens: Tokens | undefined
  readonly issuer?: string | undefined
  readonly tokenEndpoint?: string | undefined
  readonly clientId: string | undefined
  readonly authentication: unknown
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Returns what identifies a client and its endpoint, so that two clients never share a token.
 *
 * @throws ConfigurationError for shared tokens without a client id.
 */
export function clientIdentity(where: string, settings: ClientSettings, url = ''): readonly string[] {
  const { tokens, issuer = '', tokenEndpoint = '', clientId, authentication, parameters } = settings
  if (tokens !== undefined && clientId === undefined && authentication !== 'none')
    throw new ConfigurationError(
      `${where}.tokens`,
      'requires clientId, because two clients must not share a token. Set clientId',
    )
  return [where, issuer, tokenEndpoint, url, clientId ?? '', JSON.stringify(parameters)]
}
