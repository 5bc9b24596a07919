import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request as it went over the wire. */
export interface Sent {
  readonly method: string
  /** Without the version in front, with or without which Clerk's clients call. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

interface Wire {
  readonly url: string
  /** What was sent since this was last asked. */
  readonly taken: () => readonly Sent[]
}

/** Stands between a client and Clerk, and writes down what is sent. */
export async function wireTo(target: string): Promise<Wire> {
  const sent: Sent[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const text = Buffer.concat(chunks).toString('utf8')
      const { pathname, search, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
      sent.push({
        method: request.method ?? '',
        path: pathname.replace(/^\/v1\//, '/'),
        query: Object.fromEntries(searchParams),
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      })
      const { authorization = '', 'content-type': type = 'application/json' } = request.headers
      const answer = await fetch(target + pathname + search, {
        method: request.method ?? 'GET',
        headers: { authorization, 'content-type': type },
        ...(text === '' ? {} : { body: text }),
      })
      // Clerk's client reads JSON only where the type is exactly this one.
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => sent.splice(0),
  }
}
