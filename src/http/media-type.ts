import type { ResponseHeaders } from './transport/messages.js'

/** Matches an HTML media type, also in one of several header values that are joined with a comma. */
const HTML = /(?:^|,)\s*(?:text\/html|application\/xhtml\+xml)\s*(?:[;,]|$)/i

/** Whether the response is an HTML page, such as from a proxy or a login portal. */
export function isHtml(headers: ResponseHeaders): boolean {
  return HTML.test(headers.get('content-type') ?? '')
}

/**
 * Normalizes a `typ` or `cty` value for comparison: lower case, without the optional prefix `application/` (RFC 7515
 * section 4.1.9).
 *
 * @returns `undefined` for a value that is not a string.
 */
export function mediaType(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase().replace(/^application\//, '') : undefined
}
