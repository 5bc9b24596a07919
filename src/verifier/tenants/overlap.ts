import type { Issuer } from '../../model/issuer.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isOverlapping, tenantOf, urlOfTenant, type UrlTemplate } from '../../util/url-template.js'

/** An issuer whose JWTs are routed by `iss`. */
interface IssuerWithIss {
  readonly issuer: Issuer
  readonly tenants?:
    { readonly template: UrlTemplate; readonly listed: readonly string[] | undefined } | undefined
}

/**
 * Refuses a template whose tenants include the `iss` of another issuer, because the token would have two issuers.
 *
 * @throws ConfigurationError that names the later issuer, and the `iss` or the template of the earlier one.
 */
export function assertDistinctTenants(issuers: readonly IssuerWithIss[]): void {
  issuers.forEach((issuer, index) => {
    for (const earlier of issuers.slice(0, index)) {
      const shared = sharedIss(earlier, issuer)
      if (shared === undefined) continue
      throw new ConfigurationError(
        `issuers[${index}]`,
        `conflicts with an earlier issuer: both would accept JWTs with iss ${JSON.stringify(shared)}. ` +
          'Leave this tenant out of one of them, or use a list of tenants in place of a function',
      )
    }
  })
}

/** Returns an `iss`, or the template of several, that both accept; `undefined` if there is none. */
function sharedIss(one: IssuerWithIss, other: IssuerWithIss): string | undefined {
  const [first, second] = [issOf(one), issOf(other)]
  // Two issuers without tenants are compared where their `iss` values are registered.
  if (one.tenants === undefined && other.tenants === undefined) return undefined
  if (Array.isArray(first)) return first.find((iss) => accepts(second, iss))
  if (Array.isArray(second)) return second.find((iss) => accepts(first, iss))
  return isOverlapping(first, second) ? second.text : undefined
}

/** The accepted `iss` values: a list, or a template whose tenants a function decides on. */
function issOf({ issuer, tenants }: IssuerWithIss): string[] | UrlTemplate {
  if (tenants === undefined) return [...(issuer.jwt?.issuers ?? [])]
  const { template, listed } = tenants
  return listed === undefined ? template : listed.map((tenant) => urlOfTenant(template, tenant))
}

function accepts(accepted: string[] | UrlTemplate, iss: string): boolean {
  return Array.isArray(accepted) ? accepted.includes(iss) : tenantOf(accepted, iss) !== undefined
}
