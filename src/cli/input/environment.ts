import type { Vendor } from '../../management/index.js'
import type { Environment } from '../terminal.js'

interface Variable {
  readonly vendor: Vendor
  /** The option of the library that it becomes. */
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

/** The only place credentials come from: an argument would stand in the shell's history and in lists of processes. */
export const VARIABLES = {
  CLERK_MACHINE_SECRET_KEY: secret('clerk', 'machineSecretKey', 'the secret key of a machine (ak_...)'),
  CLERK_SECRET_KEY: secret('clerk', 'secretKey', 'the secret key of the instance (sk_...)'),
  CLERK_API_URL: variable('clerk', 'apiUrl', 'the Backend API, if it is not https://api.clerk.com'),
  STYTCH_PROJECT_ID: variable('stytch', 'projectId', 'the id of the project'),
  STYTCH_SECRET: secret('stytch', 'secret', 'a secret of the project'),
  STYTCH_CLIENT_ID: variable('stytch', 'clientId', 'the M2M client that obtains a token'),
  STYTCH_CLIENT_SECRET: secret('stytch', 'clientSecret', 'the secret of that client'),
  STYTCH_API_URL: variable('stytch', 'apiUrl', "the API, if it is not the one of the project's kind"),
  AUTHLETE_SERVICE_ID: variable('authlete', 'serviceId', 'the id of the service'),
  AUTHLETE_SERVICE_ACCESS_TOKEN: secret('authlete', 'serviceAccessToken', 'an access token of the service'),
  AUTHLETE_API_URL: variable(
    'authlete',
    'apiUrl',
    'the address of its region, https://us.authlete.com for example',
  ),
  OAUTH_ISSUER: variable('oauth', 'issuer', 'the issuer identifier; the endpoints are discovered from it'),
  OAUTH_CLIENT_ID: variable('oauth', 'clientId', 'our own id at the issuer'),
  OAUTH_CLIENT_SECRET: secret('oauth', 'clientSecret', 'our own secret at the issuer'),
} as const satisfies Record<string, Variable>

export type VariableName = keyof typeof VARIABLES

export const VARIABLE_NAMES = Object.keys(VARIABLES) as VariableName[]

/** The value of a variable; one that is empty is not set. */
export function valueOf(env: Environment, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return value === undefined || value.trim() === '' ? undefined : value
}

/** The value of a variable that a command says it needs; it was looked for before the command ran. */
export function requiredVariable(env: Environment, name: VariableName): string {
  return valueOf(env, name) ?? ''
}

/** Sets of variables of which one must be there. */
export type Needs = readonly (readonly VariableName[])[]

/** What is missing from the set that comes closest to being there; empty if one is. */
export function missingOf(env: Environment, needs: Needs): readonly VariableName[] {
  const missing = needs.map((set) => set.filter((name) => valueOf(env, name) === undefined))
  return missing.sort((one, other) => one.length - other.length)[0] ?? []
}

/** The variable that an option of a vendor's client came from. */
export function variableOf(vendor: Vendor | undefined, member: string): VariableName | undefined {
  return VARIABLE_NAMES.find((name) => VARIABLES[name].vendor === vendor && VARIABLES[name].member === member)
}
