import { encodingsOf, maskStrings } from '../util/redact.js'

/** Headers whose values are credentials. A value of another header, such as a tenant, may occur in a document rightly. */
const CREDENTIAL_HEADER = /auth|token|secret|key|cookie|credential|password|signature|jwt|assertion/i

/** Members of a form that are credentials (RFC 6749 section 2.3.1, RFC 7521 section 4.2). */
const CREDENTIAL_MEMBERS = ['client_secret', 'client_assertion']

/** Shorter credentials are not masked, because they occur in other words. */
const SHORTEST_MASKED = 8

const MASK = '[secret]'

/** Parts of a request that may contain credentials of this service. */
interface SentRequest {
  readonly headers: Readonly<Record<string, string>>
  /** A form, or anything else. */
  readonly body?: string | undefined
}

/**
 * Replaces the credentials of a request in the members of its response. A response that repeats them would otherwise put them
 * into errors, events, `health()` and claims, where they could also be cut to a part that no search finds.
 *
 * @param json - the response, which is changed.
 * @param body - the same response as a string. A backslash may hide a credential in it.
 */
export function maskOwnCredentials(json: unknown, body: string, request: SentRequest): unknown {
  const forms = credentialsIn(request).flatMap(encodingsOf)
  if (forms.length === 0 || !(body.includes('\\') || forms.some((form) => body.includes(form)))) return json
  return maskStrings(json, (string) =>
    forms.reduce((masked, form) => (masked.includes(form) ? masked.replaceAll(form, MASK) : masked), string),
  )
}

/** Returns the credentials of a request, longest first: with and without their scheme, and the parts of Basic credentials. */
function credentialsIn({ headers, body }: SentRequest): readonly string[] {
  const values = Object.keys(headers)
    .filter((name) => CREDENTIAL_HEADER.test(name))
    .flatMap((name) => partsOf(headers[name] ?? ''))
  const form = new URLSearchParams(isForm(headers) ? body : '')
  const members = CREDENTIAL_MEMBERS.flatMap((name) => form.getAll(name))
  const clientId = form.get('client_id')
  return [...new Set([...values, ...members])]
    .filter((value) => value.length >= SHORTEST_MASKED && value !== clientId)
    .sort((one, other) => other.length - one.length)
}

function isForm(headers: SentRequest['headers']): boolean {
  return headers['content-type'] === 'application/x-www-form-urlencoded'
}

function partsOf(value: string): readonly string[] {
  const [, scheme = '', credentials = ''] = /^(\S+) +(.+)$/.exec(value) ?? []
  if (credentials === '') return [value]
  if (scheme.toLowerCase() !== 'basic') return [value, credentials]
  const pair = Buffer.from(credentials, 'base64').toString()
  const colon = pair.indexOf(':')
  const [id, secret] = [pair.slice(0, colon), pair.slice(colon + 1)]
  // Each part is form-encoded (RFC 6749 section 2.3.1).
  const decoded = new URLSearchParams(`secret=${secret}`).get('secret') ?? secret
  return [value, credentials, pair, ...(secret === id ? [] : [secret, decoded])]
}
