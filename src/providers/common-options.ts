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
import { ASYMMETRIC_ALGORITHMS } from '../keys/jwk.js'
import { KEY_OPTIONS, type KeyOptions } from '../keys/options.js'
import { REMOTE_OPTIONS, type RemoteOptions } from '../introspection/options.js'
import type { KeySettings, RemoteSettings } from '../model/issuer.js'
import { exactScope, scopeMatcher, type ScopeMatcher, type ScopeMatching } from '../model/scopes.js'

/** Options that every issuer factory takes. */
export interface CommonIssuerOptions {
  /** Accepted `alg` values. Default: every asymmetric algorithm jose offers. `HS*` and `none` cannot be named. */
  readonly algorithms?: string | readonly string[]
  /** The claims that hold scopes, read together. Default `['scope', 'scp']`. */
  readonly scopeClaims?: string | readonly string[]
  /** How a granted scope is compared with a demanded one. Default `'exact'`. */
  readonly scopeMatching?: ScopeMatching
  /** A custom fetch for keys, discovery and introspection: a proxy, a private CA. Redirects are not followed through it. */
  readonly fetch?: typeof fetch
  /** How keys are fetched and how long they are used. */
  readonly keys?: KeyOptions
  /** How the issuer is asked about tokens and how long its answers are remembered. */
  readonly remote?: RemoteOptions
}

/** {@link CommonIssuerOptions} checked, with defaults. */
export interface CommonIssuerSettings {
  readonly algorithms: readonly string[]
  readonly scopeClaims: readonly string[]
  readonly scopeMatching: ScopeMatcher
  readonly fetch: typeof fetch | undefined
  readonly keys: KeySettings
  readonly remote: RemoteSettings
}

/**
 * The options that every issuer factory takes. `algorithms`, `scopeClaims` and `scopeMatching` are the defaults of the
 * provider.
 */
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
    scopeClaims: restricting(withDefault(stringList, scopeClaims)),
    scopeMatching: restricting(withDefault(matcher, scopeMatching)),
    fetch: optional(func<typeof fetch>({ type: 'typeof fetch' })),
    keys: restricting(nested('keys', KEY_OPTIONS)),
    remote: restricting(nested('remote', REMOTE_OPTIONS)),
  } satisfies TableOf<CommonIssuerOptions>
}

const algorithmList = mapped(stringList, (algorithms, option) => {
  const foreign = algorithms.find((algorithm) => !ASYMMETRIC_ALGORITHMS.includes(algorithm))
  if (foreign !== undefined) {
    throw new ConfigurationError(
      option,
      `${JSON.stringify(foreign)} is not an asymmetric signature algorithm; known are ${ASYMMETRIC_ALGORITHMS.join(', ')}`,
    )
  }
  return algorithms
})

const matcher = custom<ScopeMatcher>("'exact', 'wildcard' or a function", (option, value) =>
  scopeMatcher(option, value, exactScope),
)

/** Reads an `audience` option: a string, a list, or `null` to disable the check visibly. */
export const audience: Reader<readonly string[] | null> = custom(
  { type: 'list of strings, or null', bounds: 'at least one' },
  (option, value) => {
    if (value === null) return null
    if (value !== undefined) return stringList.read(option, value)
    throw new ConfigurationError(
      option,
      'is required: the audience this API goes by in tokens, or null to accept tokens for any audience',
    )
  },
)

/** Refuses options that say the same thing in two ways. */
export function atMostOne(where: string, options: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(options).filter((name) => options[name] !== undefined)
  if (given.length > 1) throw new ConfigurationError(where, `give only one of ${given.join(', ')}`)
}
