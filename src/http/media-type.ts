import type { ResponseHeaders } from './transport/messages.js'

/** Of a header that came twice both are there, with a comma between them. */
const PAGE = /(?:^|,)\s*(?:text\/html|application\/xhtml\+xml)\s*(?:[;,]|$)/i

/** Whether an answer calls itself a page: written for people, by a proxy or a login in between, whatever it quotes. */
export function isHtml(headers: ResponseHeaders): boolean {
  return PAGE.test(headers.get('content-type') ?? '')
}

/**
 * A `typ` or `cty` value for comparison: lower case, without the `application/` that may be left out
 * (RFC 7515 section 4.1.9). Undefined for a value that is no string.
 */
export function mediaType(value: unknown): string | undefined {
  return typeof value === 'string' ? value.toLowerCase().replace(/^application\//, '') : undefined
}
