import type { RefusalBody } from '../bearer/refusal-response.js'
import type { GuardMode } from '../model/decision.js'
import { REALM, REALM_EXPECTATION } from '../model/refusal/details.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { readOptions } from '../options/read-options.js'
import {
  custom,
  described,
  optional,
  restricting,
  type Reader,
  type Table,
  type TableOf,
} from '../options/reader.js'
import { boolean, func, oneOf, string, unchecked } from '../options/readers.js'
import { tokenHeader } from '../options/token-header.js'
import type { Policy } from '../policy/policy.js'
import type { Verifier } from '../verifier/verifier.js'

/** Options of a guard, the same for every adapter. */
export interface GuardOptions<OnRefusal> {
  /**
   * Protection space named in challenges (RFC 9110 section 11.5). Visible ASCII.
   *
   * @defaultValue `'api'`
   */
  readonly realm?: string
  /**
   * Format of refusal bodies: `'oauth'` for `{ error, error_description }` (RFC 6749 section 5.2), `'problem'` for problem
   * details (RFC 9457).
   *
   * @defaultValue `'oauth'`
   */
  readonly body?: RefusalBody
  /**
   * `'enforce'` refuses requests. `'report'` lets them through and only reports them to `onDecision`, for a gradual roll-out.
   *
   * @defaultValue `'enforce'`
   */
  readonly mode?: GuardMode
  /**
   * Whether a request without a token passes, without one. `accessToken()` then throws and `optionalAccessToken()` returns
   * `undefined`. A request without the header, or with another scheme such as Basic, has no token.
   *
   * A token that is sent must be valid and meet the policy. Requirements behind the guard, such as `requireScopes()`, refuse
   * a request without a token.
   *
   * @defaultValue `false`
   */
  readonly optional?: boolean
  /**
   * Header with the bare token, without `Bearer`, such as `'cf-access-jwt-assertion'`. The token is then read from this
   * header and from no other: `Authorization` is ignored. Several headers of this name are refused with 400.
   *
   * Not `authorization`, `proxy-authorization`, `cookie` or `set-cookie`, whose values are not bare tokens.
   *
   * @defaultValue none: `Authorization: Bearer` (RFC 6750 section 2.1)
   */
  readonly header?: string
  /**
   * Custom response to a refusal: responds instead of the guard, or passes the refusal to the framework's error handling.
   *
   * @defaultValue none: the guard responds
   */
  readonly onRefusal?: OnRefusal
}

/** Option of the guards that set the token as a property of the request. */
export interface PropertyOptions {
  /**
   * Property that contains the accepted token: a JavaScript identifier. `false` sets none. `accessToken()` needs no property.
   *
   * A property of another library is never overwritten. The token is then not set, and one process warning with the code
   * `M2M_GUARD_PROPERTY_TAKEN` is emitted.
   *
   * @defaultValue `'auth'`
   */
  readonly property?: string | false
}

/** Checked {@link GuardOptions}, with defaults. */
export interface GuardSettings<OnRefusal> {
  readonly realm: string | undefined
  readonly body: RefusalBody
  readonly mode: GuardMode
  readonly optional: boolean
  /** In lower case. */
  readonly header: string | undefined
  readonly onRefusal: OnRefusal | undefined
  /** Absent for guards that set no property. */
  readonly property?: string | false
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/

/** Properties of requests that applications and frameworks need. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['app', 'body', 'headers', 'log', 'method', 'next', 'originalUrl', 'params', 'prototype', 'query'],
  ...['raw', 'rawHeaders', 'req', 'res', 'route', 'server', 'socket', 'url'],
])

/** Whether a property has a name that neither requests nor all objects have. */
function isPropertyName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    IDENTIFIER.test(value) &&
    !RESERVED.has(value) &&
    !(value in Object.prototype)
  )
}

/** Reads the name of a property of requests. */
const propertyName: Reader<string | false> = custom(
  { type: 'string or false', bounds: 'identifier', default: 'auth' },
  (option, value = 'auth') => {
    if (value === false || isPropertyName(value)) return value
    throw new ConfigurationError(
      option,
      "must be false, or a JavaScript identifier that requests do not already use, such as 'auth' or 'machine'",
    )
  },
)

/** Readers of {@link GuardOptions}. */
export const GUARD_OPTIONS = {
  realm: optional(
    string({
      pattern: REALM,
      expectation: REALM_EXPECTATION,
      bounds: 'visible ASCII',
      default: 'api',
    }),
  ),
  body: oneOf<RefusalBody>(['oauth', 'problem'], 'oauth'),
  mode: oneOf<GuardMode>(['enforce', 'report'], 'enforce'),
  optional: boolean({ default: false }),
  header: restricting(optional(tokenHeader)),
  onRefusal: optional(func<unknown>()),
} satisfies TableOf<GuardOptions<unknown>>

/** Readers of the options of guards that set a property. */
export const PROPERTY_GUARD_OPTIONS = {
  ...GUARD_OPTIONS,
  property: propertyName,
} satisfies TableOf<GuardOptions<unknown> & PropertyOptions>

/** Readers of the verifier and the policy, where they are options and not arguments. */
const SUBJECT = {
  verifier: custom<Verifier>('Verifier', (option, value) => {
    if (value !== undefined) return value as Verifier
    throw new ConfigurationError(option, 'is required. Pass a verifier created by createVerifier()')
  }),
  // Compiled by each guard.
  policy: restricting(unchecked<Policy>('policy')),
}

interface Subject {
  readonly verifier: Verifier
  readonly policy?: Policy
}

/** Readers of the options of a plugin, which creates its guards from a verifier and a policy. */
export const PLUGIN_OPTIONS = {
  ...SUBJECT,
  ...GUARD_OPTIONS,
  decorators: boolean({ default: true }),
  property: described(
    custom<string | false>('string or false', (option, value, siblings) =>
      value === undefined && siblings?.['decorators'] === false ? false : propertyName.read(option, value),
    ),
    { bounds: 'identifier', default: 'auth' },
  ),
} satisfies TableOf<GuardOptions<unknown> & PropertyOptions & Subject & { readonly decorators?: boolean }>

/** Readers of the options of a module, which creates its guards from a verifier and a policy. */
export const MODULE_OPTIONS = {
  ...SUBJECT,
  ...PROPERTY_GUARD_OPTIONS,
} satisfies TableOf<GuardOptions<unknown> & PropertyOptions & Subject>

/**
 * Checks the options of a guard and adds the defaults.
 *
 * @throws ConfigurationError that names the option that is invalid or unknown.
 */
export function readGuardOptions<OnRefusal>(
  options: GuardOptions<OnRefusal> | undefined,
  table: Table,
): GuardSettings<OnRefusal> {
  // The type of a table that an adapter chooses does not show its options. Every table contains those of GUARD_OPTIONS.
  return readOptions('guard', options ?? {}, table) as unknown as GuardSettings<OnRefusal>
}
