import type { Issuer } from '../../model/issuer/issuer.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { isOverlapping, tenantOf, urlOfTenant, type UrlTemplate } from '../../util/url/url-template.js'

/** An issuer whose JWTs are routed by `iss`. */
interface IssuerWithIss {
  readonly issuer: Issuer
  readonly tenants?:
    | { readonly templates: readonly UrlTemplate[]; readonly listed: readonly string[] | undefined }
    | undefined
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
  // Two issuers without tenants are compared where their `iss` values are registered.
  if (one.tenants === undefined && other.tenants === undefined) return undefined
  const others = issOf(other)
  for (const first of issOf(one)) {
    const shared = others.find((second) => isShared(first, second))
    if (shared !== undefined) return typeof first === 'string' ? first : textOf(shared)
  }
  return undefined
}

/** The accepted `iss` values, and the templates whose tenants a function decides on. */
function issOf({ issuer, tenants }: IssuerWithIss): readonly (string | UrlTemplate)[] {
  if (tenants === undefined) return issuer.jwt?.issuers ?? []
  const { templates, listed } = tenants
  if (listed === undefined) return templates
  return templates.flatMap((template) => listed.map((tenant) => urlOfTenant(template, tenant)))
}

function isShared(one: string | UrlTemplate, other: string | UrlTemplate): boolean {
  if (typeof one === 'string')
    return typeof other === 'string' ? one === other : tenantOf(other, one) !== undefined
  return typeof other === 'string' ? tenantOf(one, other) !== undefined : isOverlapping(one, other)
}

function textOf(iss: string | UrlTemplate): string {
  return typeof iss === 'string' ? iss : iss.text
}
