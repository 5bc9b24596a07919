import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { FaultSettings, NamedFault } from './faults.js'
import { json, type TestResponse } from './http.js'

const LOGIN_PAGE = '<!doctype html><title>Sign in</title><h1>Please sign in</h1>'

/** Sends a response, changed by a fault if there is one. */
export async function sendResponse(
  request: IncomingMessage,
  response: ServerResponse,
  respond: () => Promise<TestResponse>,
  fault: FaultSettings | undefined,
  closing: AbortSignal,
): Promise<void> {
  if (fault?.delay !== undefined) await pause(fault.delay, undefined, { signal: closing })
  if (fault?.how === 'reset' || fault?.how === 'refuse') {
    request.socket.destroy()
    return
  }
  // No response is sent; close() ends the connection.
  if (fault?.how === 'hang') return
  const normal = await respond()
  const sent = fault === undefined ? normal : applyFault(normal, fault, request)
  const body = Buffer.from(sent.body)
  response.writeHead(sent.status, { ...sent.headers, 'content-length': String(body.length) })
  if (fault?.how === 'hangHalfway') response.write(body.subarray(0, Math.ceil(body.length / 2)))
  else response.end(body)
}

function applyFault(normal: TestResponse, fault: FaultSettings, request: IncomingMessage): TestResponse {
  if (fault.how !== undefined) return applyNamedFault(normal, fault.how, request)
  const isOwnError = fault.status !== undefined && fault.status >= 400 && fault.body === undefined
  const base = isOwnError ? json(fault.status, { error: 'test_fault' }) : normal
  return {
    status: fault.status ?? base.status,
    headers: { ...base.headers, ...lowerCased(fault.headers ?? {}) },
    body: fault.body === undefined ? base.body : bodyOf(fault.body),
  }
}

function applyNamedFault(normal: TestResponse, how: NamedFault, request: IncomingMessage): TestResponse {
  switch (how) {
    case 'empty':
      return { ...normal, status: 200, body: '' }
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: LOGIN_PAGE }
    case 'truncated':
      return { ...normal, body: normal.body.slice(0, Math.ceil(normal.body.length / 2)) }
    case 'redirect': {
      const mark = request.url?.includes('?') === true ? '&' : '?'
      return { status: 307, headers: { location: `${request.url ?? '/'}${mark}redirected=1` }, body: '' }
    }
    default:
      return normal
  }
}

/** Node would send two headers whose names differ in case only. */
function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

function bodyOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}
