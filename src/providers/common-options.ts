import { optionalFunction, textList } from '../options/readers.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { ASYMMETRIC_ALGORITHMS } from '../keys/jwk.js'
import { readKeyOptions, type KeyOptions } from '../keys/options.js'
import type { KeySettings } from '../model/issuer.js'
import { readRemoteOptions, type RemoteOptions } from '../introspection/options.js'
import type { RemoteSettings } from '../model/issuer.js'
import { exactScope, scopeMatcher, type ScopeMatcher, type ScopeMatching } from '../model/scopes.js'

/** Options that every issuer factory takes. */
export interface CommonIssuerOptions {
  /** Accepted `alg` values. Default: every asymmetric algorithm jose offers. `HS*` and `none` cannot be named. */
  readonly algorithms?: string | readonly string[]
  /** The claims that hold scopes, read together. Default `['scope', 'scp']`. */
  readonly scopeClaims?: string | readonly string[]
  /** How a granted scope is compared with a demanded one. Default `'exact'`. */
  readonly scopeMatching?: ScopeMatching
  /** An own fetch for keys, discovery and questions to the issuer: a proxy, a private CA. Redirects are not followed through it. */
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
  readonly scopeMatcher: ScopeMatcher
  readonly fetch: typeof fetch | undefined
  readonly keys: KeySettings
  readonly remote: RemoteSettings
}

/** The names of the common options, for the list of those a factory knows. */
export const COMMON_OPTIONS = {
  algorithms: true,
  scopeClaims: true,
  scopeMatching: true,
  fetch: true,
  keys: true,
  remote: true,
} as const

/** Reads the options every factory shares; `defaults` are what an issuer does differently. */
export function readCommonOptions(
  where: string,
  options: CommonIssuerOptions,
  defaults: { readonly algorithms?: readonly string[]; readonly scopeMatcher?: ScopeMatcher } = {},
): CommonIssuerSettings {
  // Own members only, here too: an inherited `algorithms` would be a default that nobody checked.
  const usual = Object.assign(Object.create(null) as typeof defaults, defaults)
  return {
    algorithms: readAlgorithms(
      `${where}.algorithms`,
      options.algorithms,
      usual.algorithms ?? ASYMMETRIC_ALGORITHMS,
    ),
    scopeClaims:
      options.scopeClaims === undefined
        ? ['scope', 'scp']
        : textList(`${where}.scopeClaims`, options.scopeClaims),
    scopeMatcher: scopeMatcher(
      `${where}.scopeMatching`,
      options.scopeMatching,
      usual.scopeMatcher ?? exactScope,
    ),
    fetch: optionalFunction(`${where}.fetch`, options.fetch),
    keys: readKeyOptions(`${where}.keys`, options.keys),
    remote: readRemoteOptions(`${where}.remote`, options.remote),
  }
}

function readAlgorithms(option: string, given: unknown, fallback: readonly string[]): readonly string[] {
  if (given === undefined) return fallback
  const algorithms = textList(option, given)
  const foreign = algorithms.find((algorithm) => !ASYMMETRIC_ALGORITHMS.includes(algorithm))
  if (foreign !== undefined) {
    throw new ConfigurationError(
      option,
      `${JSON.stringify(foreign)} is not an asymmetric signature algorithm; known are ${ASYMMETRIC_ALGORITHMS.join(', ')}`,
    )
  }
  return algorithms
}

/** Reads an `audience` option, which must be given: a text, a list, or `null` to leave the check out visibly. */
export function readAudienceOption(option: string, audience: unknown): readonly string[] | null {
  if (audience === null) return null
  if (audience === undefined) {
    throw new ConfigurationError(
      option,
      'is required: the audience this API goes by in tokens, or null to accept tokens for any audience',
    )
  }
  return textList(option, audience)
}

/** Refuses options that say the same thing in two ways. */
export function atMostOne(where: string, options: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(options).filter((name) => options[name] !== undefined)
  if (given.length > 1) throw new ConfigurationError(where, `give only one of ${given.join(', ')}`)
}
