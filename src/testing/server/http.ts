import type { IncomingMessage } from 'node:http'

/** A request to the test issuer. */
export interface TestRequest {
  /** Named segments of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A response of the test issuer. A value, so that a fault can change it before it is sent. */
export interface TestResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Fields of a form or a JSON body. A repeated form field is a list. */
export type Fields = Readonly<Record<string, unknown>>

/** A response in JSON. The media type has no charset: Clerk's SDK reads JSON only under the bare type. */
export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): TestResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

/** Reads a JSON object or a form, by media type; undefined for any other body. */
export function readFields(request: TestRequest): Fields | undefined {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return formFields(request.body)
  return type === 'application/json' ? jsonFields(request.body) : undefined
}

/** Reads a form. */
export function formFields(text: string): Fields {
  const form = new URLSearchParams(text)
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
}

function jsonFields(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Returns a field if it is a non-empty string. */
export function stringField(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Returns a field that is a list of strings or a space-separated string. */
export function listField(fields: Fields, name: string): readonly string[] | undefined {
  const value = fields[name]
  if (typeof value === 'string') return splitWords(value)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

/** Splits a `scope` string (RFC 6749 section 3.3). */
export function splitWords(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}

/** The token of an `Authorization: Bearer` header (RFC 6750 section 2.1). */
export function bearerToken(request: TestRequest): string | undefined {
  return /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** The credentials of an `Authorization: Basic` header, form-encoded before base64 (RFC 6749 section 2.3.1). */
export function basicCredentials(
  request: TestRequest,
): { readonly clientId: string; readonly clientSecret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon === -1) return undefined
  return { clientId: formDecode(pair.slice(0, colon)), clientSecret: formDecode(pair.slice(colon + 1)) }
}

function formDecode(text: string): string {
  return new URLSearchParams(`v=${text.replaceAll('&', '%26')}`).get('v') ?? ''
}
