import { isStringList } from '../util/members.js'
import { isSecureAddress, readHost } from '../util/url/url.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, mapped, type Reader, type Siblings } from './reader.js'
import { nonEmptyString, stringList } from './readers.js'

const hostList = mapped(stringList, (hosts, option) =>
  Object.freeze([...new Set(hosts.map((host) => insecureHost(option, host)))]),
)

/** Reads the `insecureHosts` option: a list of `host` or `host:port`, in the form of {@link readHost}. May be empty. */
export const insecureHosts: Reader<readonly string[]> = custom(
  { type: 'list of hosts', default: Object.freeze([]) },
  (option, value) =>
    value === undefined || (Array.isArray(value) && value.length === 0) ? [] : hostList.read(option, value),
)

function insecureHost(option: string, value: string): string {
  const host = readHost(value)
  if (host !== undefined) return host
  throw new ConfigurationError(
    option,
    `must contain hosts such as 'keycloak:8080' or '[fd00::1]:8080', not ${JSON.stringify(value.slice(0, 200))}. ` +
      'Write the host and the port only: no scheme, no path and no wildcard. Without a port, port 80 is meant',
  )
}

/** Returns the `insecureHosts` of the options that were read before. */
export function insecureHostsIn(siblings: Siblings = {}): readonly string[] {
  const { insecureHosts: hosts } = siblings
  return isStringList(hosts) ? hosts : []
}

/**
 * Reads a URL that requests are sent to. `http:` is allowed for loopback and for the `insecureHosts` of the same options.
 * Credentials in a URL are refused, because they would reach logs.
 */
export const secureUrl: Reader<string> = custom(
  { type: 'URL', bounds: 'https, loopback' },
  (option, value, siblings) => {
    const url = nonEmptyString.read(option, value)
    // The URL parser removes tabs and line breaks and encodes spaces, so the parsed URL would differ from the option.
    if (/\s/.test(url)) throw new ConfigurationError(option, 'must not contain white space')
    if (!isSecureAddress(url, insecureHostsIn(siblings))) {
      throw new ConfigurationError(
        option,
        'must be an https: URL (http: is for loopback addresses only, and for hosts in insecureHosts)',
      )
    }
    const { username, password, hash, hostname } = new URL(url)
    if (hostname.includes('*'))
      throw new ConfigurationError(option, 'must not contain a wildcard. Write the whole host name')
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

/**
 * Reads an issuer identifier that is compared with `iss`: any string (RFC 7519 section 2, StringOrURI). If it is used as a
 * URL, {@link discoveryIssuer} checks it too.
 */
export const issuerIdentifier: Reader<string> = custom(
  { type: 'string', bounds: 'URL for discovery' },
  (option, value) => {
    const issuer = nonEmptyString.read(option, value)
    if (!/^https?:/i.test(issuer) || !URL.canParse(issuer)) return issuer
    const { username, password } = new URL(issuer)
    if (username !== '' || password !== '') {
      throw new ConfigurationError(option, 'must not contain a user name or password')
    }
    return withoutDiscoveryPath(issuer, option)
  },
)

/**
 * Checks the issuer identifier of an issuer whose discovery document is fetched.
 *
 * @param alternatives - options without which the document is needed, such as `'jwksUri'`.
 */
export function discoveryIssuer(
  option: string,
  issuer: string,
  alternatives: string,
  siblings: Siblings,
): string {
  if (isSecureAddress(issuer, insecureHostsIn(siblings))) {
    return issuerUrlWithoutQuery.read(option, issuer, siblings)
  }
  throw new ConfigurationError(
    option,
    'must be an https: URL (http: is for loopback addresses only, and for hosts in insecureHosts), because its ' +
      `discovery document is fetched. If the issuer is not such a URL, set ${alternatives}`,
  )
}
