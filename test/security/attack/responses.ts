import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { FaultHandler } from '../../../src/testing/index.js'
import { htmlPage, redirect, says, saysRaw } from '../../support/servers/misbehaviours.js'
import { expireDeadlines } from '../../support/setup/deadlines.js'

/** How an issuer responds, and the name of what is wrong with it. */
export interface Response {
  readonly name: string
  readonly handler: FaultHandler
}

/** The response that is valid, except possibly for its body. */
export function plainly(name: string, body: string | Uint8Array): Response {
  return { name, handler: says(200, body) }
}

/** Statuses that say nothing about a token, whatever comes with them. */
const STATUSES = [201, 202, 203, 206, 400, 401, 403, 404, 405, 410, 429, 500, 501, 502, 503, 504, 507, 599]

/** Bytes in front of, behind or in place of a document that make it none (RFC 8259). */
const NOT_JSON: Readonly<Record<string, (text: string) => string | Uint8Array>> = {
  'a byte order mark': (text) => `\ufeff${text}`,
  'UTF-16': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  'UTF-16 without a mark': (text) => Buffer.from(text, 'utf16le'),
  'bytes that are not UTF-8': (text) =>
    Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0x7d])]),
  'an overlong encoding': (text) =>
    Buffer.concat([Buffer.from(`${text.slice(0, -1)},"x":"`), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')]),
  'two documents': (text) => text + text,
  'a trailing comma': (text) => `${text.slice(0, -1)},}`,
  'characters after it': (text) => `${text}x`,
  'a comment': (text) => `/**/${text}`,
  'a script': (text) => `)]}',\n${text}`,
  JSONP: (text) => `f(${text})`,
  'a zero byte': (text) => `${text}\0`,
  'single quotes': (text) => text.replaceAll('"', "'"),
  'a list': (text) => `[${text}]`,
  'a string': (text) => JSON.stringify(text),
  null: () => 'null',
  'a number': () => '1',
  true: () => 'true',
  nothing: () => '',
  spaces: () => ' '.repeat(1000),
  NaN: () => 'NaN',
  'deep lists': () => '['.repeat(20_000),
  'deep objects': () => '{"a":'.repeat(5000),
  compressed: (text) => gzipSync(text),
}

/** Bytes that are not HTTP, or an HTTP response that breaks off. */
const NOT_HTTP: readonly string[] = [
  'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
  'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}',
  'HTTP/9.9 200 OK\r\n\r\n{}',
  'HTTP/1.1 9999999 OK\r\n\r\n',
  'SSH-2.0-OpenSSH_9.6\r\n',
  '\0\0\0\0',
  `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n{}`,
  '',
]

const hang: FaultHandler = () => {
  setImmediate(expireDeadlines)
}

function hangAfter(text: string): FaultHandler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(text, () => setImmediate(expireDeadlines))
  }
}

function cutOff(text: string): FaultHandler {
  return (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(text.length + 1) })
    response.write(text, () => response.destroy())
  }
}

/** Responses that are invalid, whatever document they contain. */
export function faultyResponses(text: string, tooLong: number): fc.Arbitrary<Response> {
  const whole = text.trimEnd()
  const part = fc.nat({ max: whole.length - 1 }).map((length) => whole.slice(0, length))
  return fc.oneof(
    fc.constantFrom(...STATUSES).map((status) => ({ name: `status ${status}`, handler: says(status, text) })),
    fc.constantFrom(301, 302, 303, 307, 308).map((status) => ({
      name: 'a redirect',
      handler: redirect('/elsewhere', status),
    })),
    fc.constantFrom(204, 205, 304).map((status) => ({ name: `status ${status}`, handler: says(status) })),
    fc.constantFrom(...Object.keys(NOT_JSON)).map((name) => plainly(name, NOT_JSON[name]!(whole))),
    fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((bytes) => plainly('random bytes', withoutObject(bytes))),
    part.map((cut) => plainly('half a document', cut)),
    part.map((cut) => ({ name: 'a connection cut off', handler: cutOff(cut) })),
    part.map((cut) => ({ name: 'a body that stops', handler: hangAfter(cut) })),
    fc.constant({ name: 'no response', handler: hang }),
    fc.constantFrom(...NOT_HTTP).map((bytes) => ({ name: 'no HTTP', handler: saysRaw(bytes) })),
    fc.constant({ name: 'a page', handler: htmlPage }),
    fc.constantFrom('gzip', 'x-gzip', 'br', 'deflate').map((encoding) => ({
      name: 'an encoding that is not there',
      handler: says(200, text, { 'content-type': 'application/json', 'content-encoding': encoding }),
    })),
    fc.constant(plainly('more than may be read', `${whole.slice(0, -1)},"pad":"${'x'.repeat(tooLong)}"}`)),
  )
}

/** Random bytes are not a JSON object unless they begin like one. */
function withoutObject(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0x7b ? bytes.fill(0x5b, 0, 1) : bytes
}

/** A document under the type of a page, which a proxy or a login form may have sent. */
export function calledPage(text: string): fc.Arbitrary<Response> {
  return fc.constantFrom('text/html', 'TEXT/HTML; charset=utf-8', 'application/xhtml+xml').map((type) => ({
    name: 'a document called a page',
    handler: says(200, text, { 'content-type': type }),
  }))
}

/** Members without a meaning: a reader must neither fail because of them nor use them. */
export const strangeMembers: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.dictionary(
  fc.oneof(
    fc.constantFrom('constructor', 'hasOwnProperty', 'toString', 'then', 'toJSON', 'valueOf', 'length', ''),
    fc.string({ minLength: 1, maxLength: 6, unit: 'binary' }).map((name) => `x-${name}`),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 4 },
)

/** JSON of an object: its members in any order, with any white space and escapes that JSON allows. */
export function written(members: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  const entries = Object.entries(members)
  return fc
    .record({
      order: fc.shuffledSubarray(entries, { minLength: entries.length }),
      space: fc.constantFrom('', ' ', '\n\t', '\r\n'),
      isEscaped: fc.boolean(),
    })
    .map(({ order, space, isEscaped }) => {
      const texts = order.map(([name, value]) => {
        const key = isEscaped ? escaped(name) : JSON.stringify(name)
        return `${space}${key}${space}:${space}${JSON.stringify(value)}`
      })
      return `{${texts.join(',')}${space}}`
    })
}

function escaped(name: string): string {
  const units = Array.from({ length: name.length }, (_, index) => name.charCodeAt(index))
  return `"${units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')}"`
}
