import { recordingProxy, type RecordingProxy } from '../../support/servers/servers.js'

/** A request that a client sent to Stytch. */
interface WireRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly authorization: string | undefined
  /** Without parameters; undefined without a body. */
  readonly contentType: string | undefined
  /** The members of the JSON or the form; undefined without a body. */
  readonly body: unknown
}

export type Recorder = RecordingProxy<WireRequest>

/** Records the requests between a client and Stytch. */
export function startRecorder(target: string): Promise<Recorder> {
  return recordingProxy(target, ({ method, url, headers, body }) => {
    const contentType = body === '' ? undefined : headers['content-type']?.split(';')[0]
    return {
      method,
      path: url,
      authorization: headers.authorization,
      contentType,
      body: body === '' ? undefined : membersOf(body, contentType),
    }
  })
}

function membersOf(body: string, type: string | undefined): unknown {
  return type === 'application/json'
    ? JSON.parse(body)
    : Object.fromEntries(new URLSearchParams(body).entries())
}
