import { quote } from '../quote.js'

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i

/**
 * Names the difference of two issuer identifiers if it is one that is easily overlooked: a trailing slash, letter case, the
 * scheme or surrounding white space. `undefined` if they differ in more, or not at all.
 */
export function overlookedDifference(first: string, second: string): string | undefined {
  if (first === second || reduce(first) !== reduce(second)) return undefined
  const differences = DIFFERENCES.filter(([, part]) => part(first) !== part(second)).map(([name]) => name)
  return differences.join(' and ')
}

function reduce(issuer: string): string {
  return withoutSlashes(issuer.trim().replace(SCHEME, '')).toLowerCase()
}

function withoutSlashes(issuer: string): string {
  let end = issuer.length
  while (end > 0 && issuer.charAt(end - 1) === '/') end -= 1
  return issuer.slice(0, end)
}

const DIFFERENCES: readonly (readonly [name: string, part: (issuer: string) => string])[] = [
  ['a trailing slash', (issuer) => (issuer.trim().endsWith('/') ? '/' : '')],
  ['the scheme', (issuer) => (SCHEME.exec(issuer.trim())?.[0] ?? '').toLowerCase()],
  ['letter case', caseOf],
  ['white space', (issuer) => issuer.replace(issuer.trim(), '')],
]

/** The host and path, and the scheme in its letter case, which do not depend on the other differences. */
function caseOf(issuer: string): string {
  const trimmed = issuer.trim()
  const scheme = SCHEME.exec(trimmed)?.[0] ?? ''
  const isLower = scheme === scheme.toLowerCase()
  return `${isLower}${withoutSlashes(trimmed.slice(scheme.length))}`
}

/** Matches a placeholder, such as `{tenantid}`, plain or percent-encoded. */
const PLACEHOLDER = /\{\w+\}|%7b\w+%7d/i

/** Segments that name all tenants, at Microsoft. */
const ALL_TENANTS = ['common', 'organizations', 'consumers']

/** Whether an issuer differs from a template only in the placeholder, and is that of one tenant. */
function isOneTenant(issuer: string, template: string): boolean {
  const [before = '', after = ''] = template.split(PLACEHOLDER)
  if (!issuer.startsWith(before) || !issuer.endsWith(after)) return false
  const tenant = issuer.slice(before.length, issuer.length - after.length)
  return tenant !== '' && !tenant.includes('/') && !ALL_TENANTS.includes(tenant)
}

/** Explains that a discovery document names another issuer than the configured one, with the likely correction. */
export function explainOtherIssuer(url: string, stated: unknown, configured: string): string {
  if (stated === undefined) return `the discovery document at ${url} has no issuer`
  const names = `the discovery document at ${url} names the issuer ${quote(stated)}, not the configured ${quote(configured)}`
  if (typeof stated !== 'string') return names
  const difference = overlookedDifference(stated, configured)
  if (difference !== undefined)
    return `${names}. They differ only in ${difference}: set the option issuer to the value in the discovery document`
  if (!PLACEHOLDER.test(stated)) return names
  return isOneTenant(configured, stated)
    ? `${names}. The discovery document is a template for all tenants: write {tenant} in the option issuer, and set tenants`
    : `${names}. The discovery document is a template for all tenants: set the option issuer to the URL of one tenant`
}
