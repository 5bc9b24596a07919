import { quote } from '../../util/quote.js'
import { tenantOf, urlOfTenant, type UrlTemplate } from '../../util/url/url-template.js'
import type { ConnectedIssuer } from '../connection/issuer-connection.js'

/**
 * Returns every name that the tokens of an issuer may state, because some issuers have several. Empty for an issuer that is not
 * configured.
 */
export function namesOfIssuer(issuers: readonly ConnectedIssuer[], issuer: string): readonly string[] {
  for (const { issuer: configured, tenants } of issuers) {
    const { name, jwt } = configured
    if (tenants !== undefined) {
      const names = namesOfTenant(issuer, tenants.templates)
      if (names.length > 0) return names
      continue
    }
    const named = jwt?.issuers ?? []
    if (name === issuer || named.includes(issuer)) return [...new Set([issuer, name, ...named])]
  }
  // The `iss` of these tokens is not configured, so that it cannot be checked.
  return issuers.some(({ issuer: { jwt } }) => jwt?.issuers === null) ? [issuer] : []
}

/** Says that an issuer is not configured, and what to write instead. */
export function unknownIssuerProblem(issuers: readonly ConnectedIssuer[]): string {
  const names = issuers.map(({ issuer: { name } }) => quote(name)).join(', ')
  return `is not a configured issuer. Use the iss of its tokens, or one of the names ${names}`
}

/** Returns the `iss` values of a tenant, or the name of the issuer for one of its templates. Empty for any other string. */
function namesOfTenant(issuer: string, templates: readonly UrlTemplate[]): readonly string[] {
  const [first] = templates
  if (first !== undefined && templates.some(({ text }) => text === issuer)) return [first.text]
  const tenant = templates.map((template) => tenantOf(template, issuer)).find((name) => name !== undefined)
  return tenant === undefined ? [] : templates.map((template) => urlOfTenant(template, tenant))
}
