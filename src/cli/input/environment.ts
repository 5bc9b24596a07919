import type { Vendor } from '../../management/index.js'
import type { Environment } from '../terminal.js'

interface Variable {
  readonly vendor: Vendor
  /** Name of the library option that receives the value. */
  readonly member: string
  readonly isSecret: boolean
  readonly meaning: string
}

const variable = (vendor: Vendor, member: string, meaning: string): Variable => ({
  vendor,
  member,
  isSecret: false,
  meaning,
})
const secret = (vendor: Vendor, member: string, meaning: string): Variable => ({
  vendor,
  member,
  isSecret: true,
  meaning,
})

/**
 * Environment variables, the only source of credentials beside the files that they name. Arguments appear in the shell history and in process
 * lists.
 */
export const VARIABLES = {
  CLERK_MACHINE_SECRET_KEY: secret('clerk', 'machineSecretKey', 'the secret key of a machine (ak_...)'),
  CLERK_SECRET_KEY: secret('clerk', 'secretKey', 'the secret key of the instance (sk_...)'),
  CLERK_API_URL: variable('clerk', 'apiUrl', 'the Backend API, if it is not https://api.clerk.com'),
  STYTCH_PROJECT_ID: variable('stytch', 'projectId', 'the id of the project'),
  STYTCH_SECRET: secret('stytch', 'secret', 'a secret of the project'),
  STYTCH_CLIENT_ID: variable('stytch', 'clientId', 'the M2M client that obtains a token'),
  STYTCH_CLIENT_SECRET: secret('stytch', 'clientSecret', 'the secret of that client'),
  STYTCH_API_URL: variable(
    'stytch',
    'apiUrl',
    "the API, if it is not the default of the project's environment",
  ),
  AUTHLETE_SERVICE_ID: variable('authlete', 'serviceId', 'the id of the service'),
  AUTHLETE_SERVICE_ACCESS_TOKEN: secret('authlete', 'serviceAccessToken', 'an access token of the service'),
  AUTHLETE_API_URL: variable('authlete', 'apiUrl', 'the URL of its region, such as https://us.authlete.com'),
  OAUTH_ISSUER: variable('oauth', 'issuer', 'the issuer identifier; the endpoints are discovered from it'),
  OAUTH_CLIENT_ID: variable('oauth', 'clientId', 'the client id at the issuer'),
  OAUTH_CLIENT_SECRET: secret('oauth', 'clientSecret', 'the client secret at the issuer'),
  OAUTH_CLIENT_KEY_FILE: variable('oauth', 'privateKey', 'the file of the private key: PEM or a JWK'),
  OAUTH_CLIENT_KEY_ID: variable('oauth', 'keyId', 'the kid of the assertions; default that of the JWK'),
  OAUTH_CLIENT_KEY_ALGORITHM: variable(
    'oauth',
    'algorithm',
    'the alg of the assertions; default that of the JWK, or by key type',
  ),
  OAUTH_CLIENT_ASSERTION_AUDIENCE: variable(
    'oauth',
    'assertionAudience',
    'the aud of the assertions; default the issuer',
  ),
  OAUTH_CLIENT_ASSERTION_HEADER: variable(
    'oauth',
    'assertionHeader',
    'further header members of the assertions, such as x5t, as a JSON object',
  ),
  OAUTH_CLIENT_ASSERTION_FILE: variable(
    'oauth',
    'clientAssertion',
    'the file of an assertion that a platform signed, read for each request',
  ),
  OAUTH_TLS_CERT_FILE: variable(
    'oauth',
    'clientCertificate',
    'the file of the certificate for mutual TLS, in PEM form',
  ),
  OAUTH_TLS_KEY_FILE: variable('oauth', 'clientCertificate.key', 'the file of the key of that certificate'),
  OAUTH_TLS_CA_FILE: variable(
    'oauth',
    'clientCertificate.ca',
    'the file of the CA of the issuer, in place of the public CAs; only for mutual TLS',
  ),
  OAUTH_CLIENT_AUTHENTICATION: variable(
    'oauth',
    'authentication',
    'how the client authenticates, unless --authentication is set',
  ),
} as const satisfies Record<string, Variable>

export type VariableName = keyof typeof VARIABLES

export const VARIABLE_NAMES = Object.keys(VARIABLES) as VariableName[]

/** Returns the value of a variable. An empty variable counts as not set. */
export function valueOf(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return value === undefined || value.trim() === '' ? undefined : value
}

/** Returns the value of a variable that the command requires. Its presence was checked before. */
export function requiredVariable(env: Environment, name: VariableName): string {
  return valueOf(env, name) ?? ''
}

/** Sets of variables, one of which must be complete. */
export type Needs = readonly (readonly VariableName[])[]

/** Returns the missing variables of the most complete set; empty if a set is complete. */
export function missingOf(env: Environment, needs: Needs): readonly VariableName[] {
  const missing = needs.map((set) => {
    const names = set.filter((name) => valueOf(env, name) === undefined)
    return { names, present: set.length - names.length }
  })
  const [closest] = missing.sort(
    (one, other) => one.names.length - other.names.length || other.present - one.present,
  )
  return closest?.names ?? []
}

/** Describes the sets: the names that all of them have, and the alternatives. */
export function describeNeeds(needs: Needs): string {
  const all = (names: readonly string[]): string => names.join(' and ')
  const [first = [], ...others] = needs
  const common = first.filter((name) => others.every((set) => set.includes(name)))
  if (others.length === 0 || common.length === 0) return needs.map(all).join(', or ')
  const rest = needs.map((set) => all(set.filter((name) => !common.includes(name))))
  return `${common.join(', ')}, and one of: ${rest.join(', ')}`
}

/** Returns the variable that an option of a vendor's client is read from. The option may have a path: `tokenSource.clientId`. */
export function variableOf(vendor: Vendor | undefined, option: string): VariableName | undefined {
  const own = VARIABLE_NAMES.filter((name) => VARIABLES[name].vendor === vendor)
  const ends = own.filter((name) => `.${option}`.endsWith(`.${VARIABLES[name].member}`))
  return ends[0] ?? own.find((name) => option.split('.').some((part) => part === VARIABLES[name].member))
}
