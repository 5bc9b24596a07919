import { isSecureAddress } from '../util/url.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, mapped, type Reader } from './reader.js'
import { nonEmptyString } from './readers.js'

/** Reads a URL that requests are sent to. Credentials in it are refused, because they would reach logs. */
export const secureUrl: Reader<string> = custom(
  { type: 'URL', bounds: 'https, loopback' },
  (option, value) => {
    const url = nonEmptyString.read(option, value)
    // The URL parser removes tabs and line breaks and encodes spaces, so the parsed URL would differ from the option.
    if (/\s/.test(url)) throw new ConfigurationError(option, 'must not contain white space')
    if (!isSecureAddress(url)) {
      throw new ConfigurationError(option, 'must be an https: URL (http: is for loopback addresses only)')
    }
    const { username, password, hash } = new URL(url)
    if (username !== '' || password !== '') {
      throw new ConfigurationError(option, 'must not contain a user name or password')
    }
    if (hash !== '') throw new ConfigurationError(option, 'must not have a fragment')
    return url
  },
)

const DISCOVERY_PATH = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?:\/|$)/

/** Refuses the URL of a discovery document, because `iss` is compared with the issuer identifier. */
function withoutDiscoveryPath(url: string, option: string): string {
  if (!DISCOVERY_PATH.test(new URL(url).pathname)) return url
  throw new ConfigurationError(
    option,
    'is the URL of a discovery document. Use the issuer identifier, which is `issuer` in that document',
  )
}

/** Reads an issuer identifier (RFC 8414 section 2), which must not be the URL of its discovery document. */
export const issuerUrl: Reader<string> = mapped(secureUrl, withoutDiscoveryPath)

/** Reads a {@link secureUrl} without a query. */
export const urlWithoutQuery: Reader<string> = mapped(secureUrl, (url, option) => {
  if (new URL(url).search !== '') throw new ConfigurationError(option, 'must not have a query')
  return url
})

/** Reads an {@link issuerUrl} without a query. */
export const issuerUrlWithoutQuery: Reader<string> = mapped(urlWithoutQuery, withoutDiscoveryPath)
