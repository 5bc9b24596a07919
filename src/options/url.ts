import { isSecureAddress } from '../util/url.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, mapped, type Reader } from './reader.js'
import { nonEmptyString } from './readers.js'

/** Reads a URL that requests are sent to. Credentials in it are refused: they would reach logs. */
export const secureUrl: Reader<string> = custom(
  { type: 'URL', bounds: 'https, loopback' },
  (option, value) => {
    const url = nonEmptyString.read(option, value)
    if (!isSecureAddress(url)) {
      throw new ConfigurationError(option, 'must be an https: URL (http: is for loopback addresses only)')
    }
    const { username, password, hash } = new URL(url)
    if (username !== '' || password !== '') {
      throw new ConfigurationError(option, 'must not hold a user name or password')
    }
    if (hash !== '') throw new ConfigurationError(option, 'must not have a fragment')
    return url
  },
)

/** Reads a {@link secureUrl} without a query, such as an issuer identifier (RFC 8414 section 2). */
export const urlWithoutQuery: Reader<string> = mapped(secureUrl, (url, option) => {
  if (new URL(url).search !== '') throw new ConfigurationError(option, 'must not have a query')
  return url
})
