import type { IncomingHttpHeaders } from 'node:http'
import { recordingProxy, type RecordingProxy } from '../../support/servers/servers.js'

/** A request that a client sent to Clerk. */
export interface Sent {
  readonly method: string
  /** Without the leading version, which Clerk's clients may omit. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

/** Records the requests between a client and Clerk. */
export function wireTo(target: string): Promise<RecordingProxy<Sent>> {
  return recordingProxy(target, ({ method, url, headers, body }) => {
    const { pathname, searchParams } = new URL(url, target)
    return {
      method,
      path: pathname.replace(/^\/v1\//, '/'),
      query: Object.fromEntries(searchParams),
      headers,
      body: body === '' ? undefined : JSON.parse(body),
    }
  })
}
