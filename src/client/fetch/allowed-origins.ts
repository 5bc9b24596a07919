import { described, mapped, type Reader } from '../../options/reader.js'
import { stringList } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isSecureAddress } from '../../util/url.js'

/** Origins that a token may be sent to. */
export type AllowedOrigins = ReadonlySet<string>

/** Reads the `allowedOrigins` option. */
export const allowedOrigins: Reader<AllowedOrigins> = mapped(
  described(stringList, { type: 'origin or list', bounds: 'https, loopback' }),
  (list, option) => new Set(list.map((item) => readOrigin(option, item))),
)

function readOrigin(option: string, value: string): string {
  if (!isSecureAddress(value)) {
    throw new ConfigurationError(
      option,
      "must be origins such as 'https://orders.internal'. http: is allowed for loopback addresses only",
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
