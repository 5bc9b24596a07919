import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import type { AtEnd } from '../at-end.js'
import { close, listen } from './listen.js'

export { close, listen }

/** Serves on a free loopback port until the test ends, and returns the URL. */
export async function serve(listener: RequestListener, atEnd: AtEnd = onTestFinished): Promise<string> {
  const server = createServer(listener)
  const port = await listen(server)
  atEnd(() => close(server))
  return `http://127.0.0.1:${port}`
}

/** A request that a recording proxy forwarded. */
export interface ForwardedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface RecordingProxy<T> {
  readonly url: string
  /** Returns what was recorded since the last call. */
  readonly take: () => readonly T[]
}

/** Serves a proxy in front of `target` that records every request, as `record` describes it, and forwards it. */
export async function recordingProxy<T>(
  target: string,
  record: (request: ForwardedRequest) => T,
): Promise<RecordingProxy<T>> {
  const recorded: T[] = []
  const forward: (...parameters: Parameters<RequestListener>) => Promise<void> = async (
    request,
    response,
  ) => {
    const { method = 'GET', url = '/', headers } = request
    const body = await text(request)
    recorded.push(record({ method, url, headers, body }))
    const { authorization, 'content-type': type } = headers
    const answer = await fetch(target + url, {
      method,
      headers: {
        ...(type === undefined ? {} : { 'content-type': type }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(body === '' ? {} : { body }),
    })
    // Clerk's client parses JSON only if the type has no parameters.
    const [answerType = ''] = (answer.headers.get('content-type') ?? '').split(';')
    response.writeHead(answer.status, { 'content-type': answerType }).end(await answer.text())
  }
  const url = await serve((request, response) => {
    forward(request, response).catch((error: unknown) => response.destroy(error as Error))
  })
  return { url, take: () => recorded.splice(0) }
}
