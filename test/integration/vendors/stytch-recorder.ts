import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as it came in. */
interface WireRequest {
  readonly method: string
  /** With the query, as it was sent. */
  readonly path: string
  readonly authorization: string | undefined
  /** Without parameters; undefined where there is no body. */
  readonly contentType: string | undefined
  /** The members of the JSON or the form; undefined where there is no body. */
  readonly body: unknown
}

export interface Recorder {
  readonly url: string
  /** What has come in since the last time it was asked for. */
  readonly take: () => readonly WireRequest[]
}

/** A server in front of another, which notes what comes in and passes it on. */
export async function startRecorder(target: string): Promise<Recorder> {
  let seen: WireRequest[] = []
  const server = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString('utf8')
      const { method = '', url = '', headers } = request
      const type = text === '' ? undefined : headers['content-type']?.split(';')[0]
      seen.push({
        method,
        path: url,
        authorization: headers.authorization,
        contentType: type,
        body: text === '' ? undefined : membersOf(text, type),
      })
      const answer = await fetch(target + url, {
        method,
        headers: {
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(headers.authorization === undefined ? {} : { authorization: headers.authorization }),
        },
        ...(text === '' ? {} : { body: text }),
      })
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end(await answer.text())
    }
    pass().catch((error: unknown) => {
      response.destroy(error as Error)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    take() {
      const taken = seen
      seen = []
      return taken
    },
  }
}

function membersOf(text: string, type: string | undefined): unknown {
  return type === 'application/json'
    ? JSON.parse(text)
    : Object.fromEntries(new URLSearchParams(text).entries())
}
