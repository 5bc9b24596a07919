/** Placeholder of a tenant in a URL template. */
export const TENANT_PLACEHOLDER = '{tenant}'

/** URL with {@link TENANT_PLACEHOLDER} in place of one path segment. */
export interface UrlTemplate {
  readonly text: string
  /** Everything before the placeholder. Ends with a slash. */
  readonly before: string
  /** Everything after the placeholder: empty, or from a slash or the query on. */
  readonly after: string
}

/** Message for a string that {@link parseUrlTemplate} cannot read. */
export const TEMPLATE_EXPECTATION =
  "must have {tenant} once, as a whole segment of its path, such as 'https://login.example.com/{tenant}/v2.0'. " +
  'A host, a query or a part of a segment cannot be a tenant'

/** Scheme, host and path up to a slash. A backslash counts as a slash in URLs, so it is excluded. */
const UP_TO_SEGMENT = /^https?:\/\/[^/?#\\]+\/(?:[^?#\\]*\/)?$/

/** Reads a template; `undefined` unless the placeholder is exactly one path segment and there are no other braces. */
export function parseUrlTemplate(text: string): UrlTemplate | undefined {
  const [before, after, ...further] = text.split(TENANT_PLACEHOLDER)
  if (before === undefined || after === undefined || further.length > 0) return undefined
  if (!UP_TO_SEGMENT.test(before) || !/^(?:$|[/?])/.test(after) || /[{}]/.test(before + after))
    return undefined
  return { text, before, after }
}

/**
 * Characters of a path segment (RFC 3986 section 3.3) without percent-encoding, because a second decoding could turn
 * `%2f` into a slash. A segment of dots only would select another path.
 */
const TENANT = /^(?!\.+$)[\w.~!$&'()*+,;=:@-]{1,256}$/

/** Whether a string can be a tenant: one path segment without percent-encoding, at most 256 characters. */
export function isTenant(value: string): boolean {
  return TENANT.test(value)
}

/** Returns the tenant of a URL, compared exactly; `undefined` if the URL does not match the template. */
export function tenantOf({ before, after }: UrlTemplate, url: string): string | undefined {
  const length = url.length - before.length - after.length
  if (length < 1 || !url.startsWith(before) || !url.endsWith(after)) return undefined
  const tenant = url.slice(before.length, before.length + length)
  return isTenant(tenant) ? tenant : undefined
}

/** Inserts a tenant into a template. */
export function urlOfTenant({ before, after }: UrlTemplate, tenant: string): string {
  return before + tenant + after
}

/** A placeholder in the issuer's own spelling, such as Microsoft's `{tenantid}`. */
const ANY_PLACEHOLDER = /^\{[A-Za-z][\w-]{0,31}\}$/

/** Whether a string is the template itself, with a placeholder of any name. */
export function isTemplateItself({ before, after }: UrlTemplate, value: string): boolean {
  if (!value.startsWith(before) || !value.endsWith(after)) return false
  return ANY_PLACEHOLDER.test(value.slice(before.length, value.length - after.length))
}

/** Whether a URL matches a template whose placeholder has any name. A string without a placeholder is not a template. */
export function isOfAnyTemplate(text: string, url: string): boolean {
  const template = parseUrlTemplate(text.replace(/\{[A-Za-z][\w-]{0,31}\}/, TENANT_PLACEHOLDER))
  return template !== undefined && tenantOf(template, url) !== undefined
}

/** Whether a URL exists that both templates match. */
export function isOverlapping(one: UrlTemplate, other: UrlTemplate): boolean {
  const [segments, others] = [one.text.split('/'), other.text.split('/')]
  return (
    segments.length === others.length &&
    segments.every((segment, i) => isSameSegment(segment, others[i] ?? ''))
  )
}

function isSameSegment(one: string, other: string): boolean {
  if (one === other) return true
  if (one === TENANT_PLACEHOLDER) return isTenant(other)
  return other === TENANT_PLACEHOLDER && isTenant(one)
}
