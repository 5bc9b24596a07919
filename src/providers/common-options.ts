import { ConfigurationError } from '../options/configuration-error.js'
import { nested } from '../options/read-options.js'
import {
  custom,
  mapped,
  optional,
  withDefault,
  type Reader,
  type ReadersOf,
  type TableOf,
  restricting,
} from '../options/reader.js'
import { func, stringList } from '../options/readers.js'
import { insecureHosts } from '../options/url.js'
import { ASYMMETRIC_ALGORITHMS } from '../keys/jwk.js'
import { claimRules, type ClaimRule, type ClaimRules } from '../model/claim-rule.js'
import type { ClaimReference, ScopeClaimReference } from '../model/claim-path.js'
import { CLIENT_CLAIMS } from '../model/claims.js'
import { clientClaimsOption, scopeClaimsOption, type ClaimPath, type ScopeClaim } from './claim-options.js'
import { KEY_OPTIONS, type KeyOptions } from '../keys/options.js'
import { REMOTE_OPTIONS, type RemoteOptions } from '../introspection/options.js'
import type { Issuer } from '../model/issuer/issuer.js'
import type { RequestHeaders } from '../model/issuer/issuer-settings.js'
import type { KeySettings, RemoteSettings } from '../model/issuer/issuer-settings.js'
import { exactScope, scopeMatcher, type ScopeMatcher, type ScopeMatching } from '../model/scopes.js'

/** Options of every built-in issuer. */
export interface CommonIssuerOptions {
  /**
   * Accepted `alg` values of JWTs (RFC 8725 section 3.1). Symmetric algorithms (`HS*`) and `none` are refused.
   *
   * @defaultValue all asymmetric algorithms that jose supports; `'RS256'` for `clerk` and `stytch`
   */
  readonly algorithms?: string | readonly string[]
  /**
   * Claims that contain scopes, as a space-separated string or a list. The scopes of all of them are combined. An entry is
   * a name, a path such as `['realm_access', 'roles']`, or `{ path, keys: true }` for an object whose keys are the scopes.
   *
   * A list of strings is a list of names. A path is therefore always inside a list: `[['realm_access', 'roles']]`. A key
   * whose value is `null` or `false` is not a scope. A token with a claim of another type gets 401 `claim_invalid`.
   *
   * @defaultValue `['scope', 'scp']`; `['scope']` for `stytch`
   */
  readonly scopeClaims?: ScopeClaim | readonly ScopeClaim[]
  /**
   * Claims that name the client, in order of preference: `['client_id', 'azp', 'cid']`. An entry is a name or a path. They
   * are read from JWTs and from introspection responses. A token with one that is not a non-empty string gets 401
   * `claim_invalid`.
   *
   * The values are compared with a policy's `clients` and reported as `clientId` in tokens and events.
   *
   * @defaultValue `['client_id', 'azp']`
   */
  readonly clientClaims?: ClaimPath | readonly ClaimPath[]
  /**
   * Rule about the claims of every token of this issuer, such as `{ gty: 'client-credentials' }` to accept machines and no
   * people. At least one claim. See {@link ClaimRules}.
   *
   * It applies to the claims of a JWT, or to the members of the response about a token that the issuer verifies. A
   * confirmation must not contradict it. Other tokens get 401 `claim_invalid`.
   *
   * @defaultValue none
   */
  readonly claims?: ClaimRules
  /**
   * How a granted scope is compared with a required one: `'exact'`, `'wildcard'` or a function.
   *
   * @defaultValue `'exact'`; for `stytch`, `action:resource` with `*` as any resource
   */
  readonly scopeMatching?: ScopeMatching
  /**
   * Custom `fetch` for keys, discovery and introspection, such as for a proxy or a private CA. It is called with
   * `redirect: 'manual'`.
   *
   * @defaultValue connections of this package through `node:http` and `node:https`
   */
  readonly fetch?: typeof fetch
  /**
   * Hosts, such as `'keycloak:8080'`, at which the issuer may be called over plain http, for example inside a cluster or a
   * mesh. Without a port, port 80 is meant. Each entry is one host and one port: no scheme, no wildcard.
   *
   * It applies to the URLs in the options and in the discovery document. Everyone on the path of such a connection can read
   * credentials and replace keys. `verifier.health()` lists the hosts, and each causes one process warning with the code
   * `M2M_GUARD_INSECURE_HOST`.
   *
   * @defaultValue none: http is allowed for loopback only (`localhost`, `*.localhost`, `127.0.0.0/8`, `[::1]`)
   */
  readonly insecureHosts?: string | readonly string[]
  /** How keys are fetched and how long they are used. Each member has its default. */
  readonly keys?: KeyOptions
  /** How tokens are verified remotely and how long the results are cached. Each member has its default. */
  readonly remote?: RemoteOptions
}

/** Validated {@link CommonIssuerOptions} with defaults. */
export interface CommonIssuerSettings {
  readonly algorithms: readonly string[]
  readonly scopeClaims: readonly ScopeClaimReference[]
  readonly clientClaims: readonly ClaimReference[]
  readonly claims: readonly ClaimRule[] | undefined
  readonly scopeMatching: ScopeMatcher
  readonly fetch: typeof fetch | undefined
  readonly insecureHosts: readonly string[]
  readonly keys: KeySettings & { readonly headers: RequestHeaders | undefined }
  readonly remote: RemoteSettings
}

/** Creates the readers of {@link CommonIssuerOptions}. The parameters are the defaults of a provider. */
export function commonOptions({
  algorithms = ASYMMETRIC_ALGORITHMS,
  scopeClaims = ['scope', 'scp'],
  scopeMatching = exactScope,
}: {
  readonly algorithms?: readonly string[]
  readonly scopeClaims?: readonly string[]
  readonly scopeMatching?: ScopeMatcher
} = {}): ReadersOf<CommonIssuerSettings> {
  return {
    algorithms: restricting(withDefault(algorithmList, algorithms)),
    scopeClaims: restricting(scopeClaimsOption(scopeClaims)),
    clientClaims: restricting(clientClaimsOption(CLIENT_CLAIMS)),
    claims: restricting(optional(claimRules)),
    scopeMatching: restricting(withDefault(matcher, scopeMatching)),
    fetch: optional(func<typeof fetch>({ type: 'typeof fetch' })),
    // Before the options with a URL, whose readers need it.
    insecureHosts,
    keys: restricting(nested('keys', KEY_OPTIONS)),
    remote: restricting(nested('remote', REMOTE_OPTIONS)),
  } satisfies TableOf<CommonIssuerOptions>
}

/** Returns the members of a key source that state how its documents are fetched. */
export function keyRequests({ headers, ...options }: CommonIssuerSettings['keys']): {
  readonly options: KeySettings
  readonly headers?: RequestHeaders
} {
  return headers === undefined ? { options } : { options, headers }
}

/** Refuses `keys.headers` beside an option with which they would not be sent. */
export function assertNoHeaders(where: string, other: string, keys: CommonIssuerSettings['keys']): void {
  if (keys.headers === undefined) return
  throw new ConfigurationError(
    `${where}.keys.headers`,
    `has no effect with ${other}, because it is not sent. Leave one of the two out`,
  )
}

/** Returns the members of an issuer that state how it is called. */
export function connectionOf({
  fetch: customFetch,
  insecureHosts: hosts,
}: Pick<CommonIssuerSettings, 'fetch' | 'insecureHosts'>): Pick<Issuer, 'fetch' | 'insecureHosts'> {
  return {
    ...(customFetch === undefined ? {} : { fetch: customFetch }),
    // Always a member of the object itself, so that a polluted prototype cannot add hosts.
    insecureHosts: hosts,
  }
}

const algorithmList = mapped(stringList, (algorithms, option) => {
  const unsupported = algorithms.find((algorithm) => !ASYMMETRIC_ALGORITHMS.includes(algorithm))
  if (unsupported !== undefined) {
    throw new ConfigurationError(
      option,
      `must name asymmetric signature algorithms (${ASYMMETRIC_ALGORITHMS.join(', ')}), ` +
        `not ${JSON.stringify(unsupported)}`,
    )
  }
  return algorithms
})

const matcher = custom<ScopeMatcher>("'exact', 'wildcard' or a function", (option, value) =>
  scopeMatcher(option, value, exactScope),
)

/** Reads an `audience` option: a string, a list of strings, or `null` to disable the check explicitly. */
export const audience: Reader<readonly string[] | null> = custom(
  { type: 'list of strings, or null', bounds: 'at least one' },
  (option, value) => {
    if (value === null) return null
    if (value !== undefined) return stringList.read(option, value)
    throw new ConfigurationError(
      option,
      'is required. Pass the value that identifies this API in the aud claim, or null to disable the check',
    )
  },
)

/** Refuses several options that exclude each other. */
export function assertAtMostOne(where: string, options: Readonly<Record<string, unknown>>): void {
  const names = Object.keys(options).filter((name) => options[name] !== undefined)
  if (names.length > 1) throw new ConfigurationError(where, `must have only one of ${names.join(', ')}`)
}
