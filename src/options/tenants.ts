import { types } from 'node:util'
import { mapItems } from '../util/members.js'
import { isTenant } from '../util/url/url-template.js'
import { ConfigurationError } from './configuration-error.js'
import { custom, described, mismatch, optional, type Reader } from './reader.js'
import { integer } from './readers.js'

/** Accepted tenants of an issuer: a list of them, or a function. */
export type Tenants = readonly string[] | ((tenant: string) => boolean)

/** Maximum number of listed tenants, because listed ones stay in memory. */
const MOST_LISTED = 1000

/** Reads a list of tenants, or a function that decides on a tenant. */
export const tenantsOption: Reader<Tenants> = custom(
  { type: 'list of strings or function', bounds: '1 to 1,000 tenants' },
  (option, value) => {
    if (typeof value === 'function') return readFunction(option, value as (tenant: string) => boolean)
    if (!Array.isArray(value) || value.length === 0 || value.length > MOST_LISTED) {
      throw mismatch(
        option,
        value,
        `must be a list of 1 to ${MOST_LISTED} tenants, or a function that returns true for an accepted one`,
      )
    }
    const tenants = mapItems<unknown, string>(value, (tenant, index) =>
      readTenant(`${option}[${index}]`, tenant),
    )
    const duplicate = tenants.findIndex((tenant, index) => tenants.indexOf(tenant) !== index)
    if (duplicate !== -1) throw new ConfigurationError(`${option}[${duplicate}]`, 'repeats an earlier tenant')
    return Object.freeze(tenants)
  },
)

/** Reads the maximum number of tenants in memory. */
export const maxTenantsOption: Reader<number | undefined> = described(
  optional(integer({ min: 1, max: 10_000 })),
  {
    default: 100,
  },
)

/** A promise would be a value other than `true`, so that every tenant would be refused. */
function readFunction(option: string, allowed: (tenant: string) => boolean): (tenant: string) => boolean {
  if (!types.isAsyncFunction(allowed) && !types.isGeneratorFunction(allowed)) return allowed
  throw new ConfigurationError(
    option,
    'must not be an async function or a generator function, because it is called on every request. Load the tenants in advance, ' +
      'such as into a Set, and return whether it has the tenant',
  )
}

function readTenant(option: string, tenant: unknown): string {
  if (typeof tenant === 'string' && isTenant(tenant)) return tenant
  throw mismatch(
    option,
    tenant,
    "must be the value in place of {tenant}: one path segment of 1 to 256 characters, without '/', '?', '#', '%' and " +
      'braces, and not only dots',
  )
}
