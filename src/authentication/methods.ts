import { ConfigurationError } from '../options/configuration-error.js'
import type { ClientAuthenticationMethod } from './contract.js'
import type { AuthenticationSettings } from './options.js'

/** A named method, or `function` for a custom function. */
export type Method = ClientAuthenticationMethod | 'bearer' | 'function'

type OptionName = Exclude<keyof AuthenticationSettings, 'authentication'>

const TLS_METHODS = ['tls_client_auth', 'self_signed_tls_client_auth'] as const
const ASSERTING = ['private_key_jwt'] as const

/** The methods that use an option. Every method can use a connection with a certificate (RFC 8705 section 4). */
const METHODS_OF: Readonly<Record<OptionName, readonly Method[]>> = {
  clientId: ['basic', 'post', 'private_key_jwt', ...TLS_METHODS, 'none', 'bearer', 'function'],
  clientSecret: ['basic', 'post', 'bearer'],
  bearerToken: ['bearer'],
  privateKey: ASSERTING,
  keyId: ASSERTING,
  algorithm: ASSERTING,
  assertionAudience: ASSERTING,
  assertionHeader: ASSERTING,
  clientAssertion: ASSERTING,
  clientCertificate: ['basic', 'post', 'private_key_jwt', ...TLS_METHODS, 'none', 'bearer', 'function'],
}

const REQUIRED: Readonly<Record<Method, readonly OptionName[]>> = {
  basic: ['clientId', 'clientSecret'],
  post: ['clientId', 'clientSecret'],
  bearer: ['bearerToken'],
  private_key_jwt: ['clientId', 'privateKey'],
  tls_client_auth: ['clientId', 'clientCertificate'],
  self_signed_tls_client_auth: ['clientId', 'clientCertificate'],
  none: [],
  function: [],
}

/** Options of which only one can be set, and what to write instead. */
const CONFLICTS: readonly (readonly [OptionName, OptionName, string])[] = [
  ['clientSecret', 'bearerToken', 'cannot be combined with bearerToken. Leave one of them out'],
  [
    'clientSecret',
    'clientAssertion',
    'cannot be combined with clientAssertion. Leave out the secret, or leave out clientAssertion',
  ],
  [
    'privateKey',
    'clientAssertion',
    'cannot be combined with clientAssertion, which is signed already. Leave one of them out',
  ],
  ...(['keyId', 'algorithm', 'assertionAudience', 'assertionHeader'] as const).map(
    (name) =>
      [
        name,
        'clientAssertion',
        'has no effect with clientAssertion, which is signed already. Leave it out',
      ] as const,
  ),
]

/** Returns the method that the options select. */
export function selectMethod(settings: AuthenticationSettings, fallback: Method): Method {
  const { authentication, clientAssertion } = settings
  if (typeof authentication === 'function') return 'function'
  return authentication ?? (clientAssertion === undefined ? fallback : 'private_key_jwt')
}

/**
 * Refuses missing options, options that cannot work together, and options without effect, which are probably a mistake.
 *
 * @param hasFetch - whether a custom `fetch` makes the connections.
 */
export function checkOptions(
  where: string,
  method: Method,
  settings: AuthenticationSettings,
  hasFetch: boolean,
): void {
  const isSet = (name: OptionName): boolean => settings[name] !== undefined
  for (const [name, other, problem] of CONFLICTS) {
    if (isSet(name) && isSet(other)) throw new ConfigurationError(`${where}.${name}`, problem)
  }
  if (hasFetch && isSet('clientCertificate')) {
    throw new ConfigurationError(
      `${where}.clientCertificate`,
      'has no effect with a custom fetch. Leave it out and let fetch present the certificate, or leave out fetch',
    )
  }
  const isDefault = settings.authentication === undefined
  const missing = requiredOptions(method, settings, hasFetch).find((name) => !isSet(name))
  const useless = (Object.keys(METHODS_OF) as OptionName[]).find(
    (name) => isSet(name) && !METHODS_OF[name].includes(method),
  )
  // An option of another method says more about the mistake than what the default method lacks.
  if (missing !== undefined && (useless === undefined || !isDefault))
    throw new ConfigurationError(
      `${where}.${missing}`,
      `is required with ${nameOf(method)}${isDefault ? THE_DEFAULT : ''}${hintFor(missing, settings)}`,
    )
  if (useless !== undefined) {
    throw new ConfigurationError(
      `${where}.${useless}`,
      `has no effect with ${nameOf(method)}. Leave it out, or set authentication to ${listOf(METHODS_OF[useless])}` +
        (isDefault ? `, because '${method}' is the default` : ''),
    )
  }
}

const THE_DEFAULT = ', which is the default'

function requiredOptions(
  method: Method,
  { clientAssertion, clientSecret }: AuthenticationSettings,
  hasFetch: boolean,
): readonly OptionName[] {
  return REQUIRED[method].filter(
    (name) =>
      !(name === 'privateKey' && clientAssertion !== undefined) &&
      !(name === 'bearerToken' && clientSecret !== undefined) &&
      !(name === 'clientCertificate' && hasFetch),
  )
}

function nameOf(method: Method): string {
  return method === 'function' ? 'a function as authentication' : `authentication: '${method}'`
}

function listOf(methods: readonly Method[]): string {
  // Only introspection has `'bearer'`, so it is named for its own option alone.
  return methods
    .filter((method) => method !== 'function' && (method !== 'bearer' || methods.length === 1))
    .map((method) => `'${method}'`)
    .join(' or ')
}

function hintFor(option: OptionName, { clientCertificate }: AuthenticationSettings): string {
  if (option === 'clientCertificate') return ', unless a custom fetch presents the certificate'
  return option === 'clientSecret' && clientCertificate !== undefined
    ? `. If the certificate authenticates the client, set authentication to ${listOf(TLS_METHODS)}`
    : ''
}
