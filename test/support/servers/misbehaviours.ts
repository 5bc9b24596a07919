import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { FaultHandler } from '../../../src/testing/index.js'
import { expireDeadlines } from '../setup/deadlines.js'
import { nextTurn } from '../until.js'

/** Responds to every request with these bytes, status and headers. */
export function says(
  status: number,
  body: string | Uint8Array = '',
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
): FaultHandler {
  return (_, response) => {
    response.writeHead(status, headers).end(body)
  }
}

/** {@link says} in JSON. */
export function saysJson(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): FaultHandler {
  return says(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers })
}

/** Writes bytes to the connection that are not HTTP, or too many. */
export function saysRaw(bytes: string, end = true): FaultHandler {
  return (request) => {
    if (end) request.socket.end(bytes)
    else request.socket.write(bytes)
  }
}

/** One behaviour per call, the last one for all further calls. */
export function inTurn(...handlers: readonly FaultHandler[]): FaultHandler {
  let calls = 0
  return (request, response) => {
    const handler = handlers[Math.min(calls, handlers.length - 1)]
    calls += 1
    handler?.(request, response)
  }
}

/** How many bytes or headers come one by one before every deadline passes. */
const DRIPS = 20

/** Sends the right body a byte at a time; every deadline passes before its end. */
export function drip(body: string): FaultHandler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    void repeat(response, (sent) => response.write(body.charAt(sent % body.length)))
  }
}

/** Sends header after header and never comes to the body; every deadline passes meanwhile. */
export const dripHeaders: FaultHandler = ({ socket }, response) => {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n')
  void repeat(response, (sent) => socket.write(`x-padding-${sent}: 1\r\n`))
}

/** Does the work in one turn of the event loop after the other, and lets every deadline pass half-way. */
async function repeat(response: ServerResponse, work: (count: number) => void): Promise<void> {
  for (let count = 0; count < 2 * DRIPS && !response.destroyed; count += 1) {
    work(count)
    await nextTurn()
    if (count === DRIPS) expireDeadlines()
  }
}

/** Never responds; every deadline passes. */
export const hang: FaultHandler = () => {
  setImmediate(expireDeadlines)
}

/** Sends the headers and half of a body, then nothing; every deadline passes. */
export function hangHalfway(body: string): FaultHandler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(body.slice(0, body.length / 2), () => setImmediate(expireDeadlines))
  }
}

/** Sends the headers, then nothing; every deadline passes. */
export const hangAfterHeaders: FaultHandler = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  setImmediate(expireDeadlines)
}

/** A body that goes on for as long as it is read; counts what the other side took. */
export class Flood {
  sent = 0
  readonly #text: string
  readonly #most: number
  readonly #headers: Readonly<Record<string, string>>

  constructor(text: string, most = Number.POSITIVE_INFINITY, headers: Readonly<Record<string, string>> = {}) {
    this.#text = text.repeat(Math.ceil(16_384 / text.length))
    this.#most = most
    this.#headers = { 'content-type': 'application/json', ...headers }
  }

  readonly handler: FaultHandler = (_, response) => {
    response.writeHead(200, this.#headers)
    const pump = (): void => {
      while (!response.destroyed && this.sent < this.#most) {
        this.sent += this.#text.length
        if (!response.write(this.#text)) {
          response.once('drain', pump)
          return
        }
      }
      response.end()
    }
    pump()
  }
}

const MEGABYTE = 1024 * 1024

/** A small compressed body that becomes a large one, sent although the request forbids compression. */
export function gzipBomb(megabytes = 20): FaultHandler {
  const bomb = gzipSync(Buffer.alloc(megabytes * MEGABYTE, ' '))
  return says(200, bomb, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
}

/** Says gzip and sends something else. */
export const brokenGzip = says(200, 'this was never gzip', {
  'content-type': 'application/json',
  'content-encoding': 'gzip',
})

/** Redirects to another URL. */
export function redirect(location: string, status = 307): FaultHandler {
  return says(status, '', { location })
}

const LOGIN_PAGE = '<!doctype html><title>Sign in</title><h1>Please sign in</h1>'

/** A captive portal, a proxy's login page: the status is right, nothing else is. */
export const htmlPage = says(200, LOGIN_PAGE, { 'content-type': 'text/html; charset=utf-8' })

/** UTF-16 with a byte order mark. */
export function utf16(text: string): Buffer {
  return Buffer.from(`\ufeff${text}`, 'utf16le')
}

/** JSON nested so deep that a careless reader runs out of stack. */
export function deepJson(levels = 50_000): string {
  return `${'['.repeat(levels)}${']'.repeat(levels)}`
}
