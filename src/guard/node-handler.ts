import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRecord } from '../util/members.js'
import { closeIfBody } from './node-response.js'

/** A handler from `Request` to `Response`. */
export type FetchHandler = (request: Request) => Promise<Response>

/** What a body parser left: of the request, or of the context of a framework. */
export interface ParsedBody {
  readonly body?: unknown
  readonly rawBody?: unknown
  /** Whether the handler needs the bytes themselves, because they are signed. */
  readonly needsBytes: boolean
}

const BASE = 'http://localhost'

/** Bytes of a body that are read. One more than any handler accepts, so that a longer body is recognized. */
const MAX_BYTES = 262_145

/**
 * Calls a handler with a request of Node.
 *
 * @param url - the URL before a framework removed a mount path from it.
 * @throws Error if the body was parsed before and its bytes are unknown.
 */
export async function callFetchHandler(
  handler: FetchHandler,
  incoming: IncomingMessage,
  url: string,
  parsed: ParsedBody,
): Promise<Response> {
  const method = incoming.method ?? 'GET'
  const headers = new Headers()
  for (const [name, value] of Object.entries(incoming.headers))
    if (!name.startsWith(':')) for (const one of [value ?? []].flat()) headers.append(name, one)
  const hasBody = method === 'POST'
  const body = hasBody ? await bodyOf(incoming, parsed) : null
  // The constructor refuses the methods CONNECT, TRACE and TRACK, which no handler accepts.
  const sent = hasBody || method === 'GET' || method === 'HEAD' ? method : 'PUT'
  return handler(new Request(absoluteUrl(url), { method: sent, headers, body }))
}

/** Sends a response. */
export async function sendFetchResponse(
  result: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await result.text()
  if (outgoing.headersSent || outgoing.destroyed) return
  outgoing.statusCode = result.status
  for (const [name, value] of result.headers) outgoing.setHeader(name, value)
  // Otherwise Node reads the rest of a body that is too long.
  if (!incoming.complete) closeIfBody(incoming, outgoing)
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
}

function absoluteUrl(url: string): string {
  const path = url.startsWith('/') ? url : '/'
  // Concatenated, because a path that starts with two slashes would name a host.
  return URL.canParse(`${BASE}${path}`) ? `${BASE}${path}` : BASE
}

async function bodyOf(incoming: IncomingMessage, parsed: ParsedBody): Promise<Uint8Array | string> {
  const known = [parsed.rawBody, parsed.body].find(isBytesOrText)
  if (known !== undefined) return known
  if (!incoming.readableDidRead) return readStart(incoming)
  return serialize(parsed, incoming.headers['content-type'] ?? '')
}

function isBytesOrText(value: unknown): value is Uint8Array | string {
  return value instanceof Uint8Array || typeof value === 'string'
}

/** Serializes what a body parser left, for a handler that does not need the bytes. */
function serialize({ body, needsBytes }: ParsedBody, type: string): string {
  if (!needsBytes && isRecord(body) && /^application\/x-www-form-urlencoded\b/i.test(type)) {
    const form = new URLSearchParams()
    for (const [name, value] of Object.entries(body))
      for (const one of [value].flat()) form.append(name, typeof one === 'string' ? one : '')
    return form.toString()
  }
  if (!needsBytes && typeof body === 'object' && body !== null) return JSON.stringify(body)
  throw new Error(
    'the body was parsed before, so that its bytes are unknown. Register this handler before the body parser, or keep the bytes in rawBody',
  )
}

/** Reads a body, or its start if it is too long. Leaves the connection open for the response. */
async function readStart(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  // Without this option the connection would be closed before the response.
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk as Uint8Array)
    length += (chunk as Uint8Array).byteLength
    if (length >= MAX_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_BYTES)
}
