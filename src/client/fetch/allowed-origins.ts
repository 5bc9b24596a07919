import { textList } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isSecureAddress } from '../../util/url.js'

/** The origins that a token may be sent to. */
export type AllowedOrigins = ReadonlySet<string>

/** Reads the option `allowedOrigins`; undefined if it was left out. */
export function readAllowedOrigins(option: string, value: unknown): AllowedOrigins | undefined {
  if (value === undefined) return undefined
  return new Set(textList(option, value).map((item) => readOrigin(option, item)))
}

function readOrigin(option: string, value: string): string {
  if (!isSecureAddress(value)) {
    throw new ConfigurationError(
      option,
      "must be origins such as 'https://orders.internal' (http: is for loopback addresses only)",
    )
  }
  const { origin, pathname, search, hash, username, password } = new URL(value)
  if (pathname !== '/' || `${search}${hash}${username}${password}` !== '')
    throw new ConfigurationError(option, `must be origins without a path: '${origin}' allows every path`)
  return origin
}
