import { described, type Reader } from '../../options/reader.js'
import { stringList } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { insecureHostsIn } from '../../options/url.js'
import { isSecureAddress } from '../../util/url/url.js'

/** Origins that a token may be sent to. */
export type AllowedOrigins = ReadonlySet<string>

const origins = described(stringList, { type: 'origin or list', bounds: 'https, loopback' })

/** Reads the `allowedOrigins` option. `http:` is allowed for loopback and for the `insecureHosts` of the same options. */
export const allowedOrigins: Reader<AllowedOrigins> = {
  ...origins,
  read: (option, value, siblings) =>
    new Set(origins.read(option, value).map((item) => readOrigin(option, item, insecureHostsIn(siblings)))),
}

function readOrigin(option: string, value: string, insecureHosts: readonly string[]): string {
  if (value.includes('*')) {
    throw new ConfigurationError(
      option,
      'must not contain a wildcard, because an origin is compared as a whole. List each origin',
    )
  }
  if (!isSecureAddress(value, insecureHosts)) {
    throw new ConfigurationError(
      option,
      "must be origins such as 'https://orders.internal'. http: is for loopback addresses only, and for hosts in insecureHosts",
    )
  }
  const { origin, pathname, search, hash, username, password } = new URL(value)
  if (pathname !== '/' || `${search}${hash}${username}${password}` !== '')
    throw new ConfigurationError(
      option,
      `must be origins without a path. Use '${origin}', which allows every path`,
    )
  return origin
}
