import { ConfigurationError } from './configuration-error.js'
import { mapped, type Reader } from './reader.js'
import { string } from './readers.js'

/** Matches the name of a header (RFC 9110 section 5.1). */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Headers whose values are not bare tokens. */
const NOT_BARE: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
])

/** Reads the name of a header with a bare token. Returned in lower case. */
export const tokenHeader: Reader<string> = mapped(
  string({
    pattern: HEADER_NAME,
    expectation: "must be the name of a header, such as 'cf-access-jwt-assertion'",
    bounds: 'header name',
  }),
  (value, option) => {
    const name = value.toLowerCase()
    if (!NOT_BARE.has(name)) return name
    throw new ConfigurationError(
      option,
      `must not be '${name}', whose value is not a bare token. Leave the option out to read Authorization: Bearer`,
    )
  },
)
