import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRouteFinder, type CallCounter, type RouteMatch, type Route } from './endpoints.js'
import { sendResponse } from './send.js'
import type { FaultInjector } from './faults.js'
import { json, type TestResponse, type TestRequest } from './http.js'

/** A listening server. */
export interface TestServer {
  readonly port: number
  /** Starts serving these routes. Until then every path is unknown. */
  serve(routes: readonly Route[]): void
  /** Ends every connection, hanging ones included, and resolves once all are gone. */
  close(): Promise<void>
}

/** Starts to listen. Routes are set later, because they depend on the port. */
export async function startServer(
  { host, port }: { readonly host: string; readonly port: number },
  calls: CallCounter,
  faults: FaultInjector,
): Promise<TestServer> {
  let find: (path: string) => readonly RouteMatch[] = () => []
  const closing = new AbortController()
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // The peer or close() ended the connection, or this is a bug of the test issuer, which must not look like a
      // hang.
      if (!response.headersSent && !response.destroyed) response.writeHead(500).end(String(error))
    })
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    const matches = find(url.pathname)
    const match = matches.find(({ route }) => route.method === request.method) ?? matches[0]
    const endpoint = match?.route.endpoint
    calls.count(endpoint ?? 'unknown')
    if (match === undefined || endpoint === undefined) {
      send(response, json(404, { error: 'not_found' }))
      return
    }
    await faults.waitAtGates(endpoint)
    // A followed redirect receives the correct response. Otherwise a test could not tell following from failing.
    const fault = url.searchParams.has('redirected') ? undefined : faults.consume(endpoint)
    if (typeof fault === 'function') {
      fault(request, response)
      return
    }
    const respond = async (): Promise<TestResponse> => {
      if (match.route.method !== request.method) {
        return json(405, { error: 'method_not_allowed' }, { allow: match.route.method })
      }
      const read = await readRequest(request, url, match)
      return read === undefined ? TOO_LARGE : match.route.respond(read)
    }
    await sendResponse(request, response, respond, fault, closing.signal)
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { port: actualPort } = server.address() as AddressInfo
  return {
    port: actualPort,
    serve(routes) {
      find = createRouteFinder(routes)
    },
    async close() {
      closing.abort()
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      })
    },
  }
}

function send(serverResponse: ServerResponse, response: TestResponse): void {
  serverResponse.writeHead(response.status, response.headers).end(response.body)
}

const MAX_BODY_BYTES = 1024 * 1024

const TOO_LARGE = json(413, {
  error: 'invalid_request',
  error_description: `A body has at most ${MAX_BODY_BYTES} bytes.`,
})

/** Reads a request; `undefined` if its body is too large. The rest of it is read and dropped, so that the caller gets a response. */
async function readRequest(
  request: IncomingMessage,
  url: URL,
  match: RouteMatch,
): Promise<TestRequest | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = chunk as Buffer
    size += bytes.length
    if (size <= MAX_BODY_BYTES) chunks.push(bytes)
    else chunks.length = 0
  }
  if (size > MAX_BODY_BYTES) return undefined
  return {
    params: match.params,
    query: url.searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}
