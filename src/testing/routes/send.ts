import { request as sendRequest, type IncomingMessage } from 'node:http'
import { timers } from '../../util/timers.js'

/** A request of the audit. */
export interface AuditRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** A response to a request of the audit. */
export interface AuditResponse {
  /** HTTP status; `101` for an accepted upgrade. */
  readonly status: number
  /** Headers with names in lowercase; several values are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** First 4 KiB of the body as UTF-8. */
  readonly body: string
}

/** What came back: a response, or why there is none. */
export type Outcome = AuditResponse | 'no response' | 'connection closed'

const MAX_BODY = 4096

/**
 * Sends a request without following redirects. The body is read up to 4 KiB, its end or the deadline, so that a stream does
 * not hold up the audit.
 *
 * @param deadline - seconds.
 */
export function send(
  port: number,
  { method, path, headers }: AuditRequest,
  deadline: number,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let response: IncomingMessage | undefined
    let body = ''
    const sent = sendRequest({ host: '127.0.0.1', port, method, path, headers, agent: false })
    const finish = (otherwise: Exclude<Outcome, AuditResponse>): void => {
      stopTimer()
      resolve(response === undefined ? otherwise : toResponse(response, body))
      sent.destroy()
    }
    const stopTimer = timers.after(deadline, () => {
      finish('no response')
    })
    sent.on('error', () => {
      finish('connection closed')
    })
    sent.on('response', (received) => {
      response = received
      received.setEncoding('utf8')
      received.on('data', (chunk: string) => {
        body += chunk
        if (body.length >= MAX_BODY) finish('no response')
      })
      received.on('close', () => {
        finish('connection closed')
      })
    })
    sent.on('upgrade', (received, socket) => {
      response = received
      socket.destroy()
      finish('connection closed')
    })
    sent.end()
  })
}

function toResponse({ statusCode = 0, headers }: IncomingMessage, body: string): AuditResponse {
  const joined = Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')])
  return { status: statusCode, headers: Object.fromEntries(joined) as Record<string, string>, body }
}
