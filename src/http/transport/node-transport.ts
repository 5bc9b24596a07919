import type http from 'node:http'
import type { RequestOptions } from 'node:https'
import { onAbort } from '../../util/abort.js'
import { UnreadableResponseError } from '../exchange-error.js'
import { lookupUntil } from '../lookup/shared-lookup.js'
import { PLAIN_BYTES, type HttpResponse, type TransportRequest } from './messages.js'
import { NodeHeaders } from './node-headers.js'
import { ResponseText } from './response-text.js'

/** Milliseconds that an idle connection is kept. Servers and load balancers keep it for 5 s or longer. */
const IDLE_MILLISECONDS = 4000

/**
 * Maximum number of connections of one issuer to one origin. Further requests wait, within their deadline. Introspection makes
 * at most 64 calls at a time by default.
 */
const MOST_SOCKETS = 256

/** Some load balancers reject a request without a `User-Agent`. */
const USER_AGENT = { 'user-agent': 'm2m-guard' } as const

type Protocol = 'http:' | 'https:'

/** Loads `node:http` or `node:https` on first use, because a guard that never calls an issuer does not need them. */
function moduleOf(protocol: Protocol): Pick<typeof http, 'Agent' | 'request'> {
  // Two calls, because the types of the two modules have different options.
  return protocol === 'https:'
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
}

/** Sends requests over separate connections, with dedicated agents of `node:http` and `node:https`. */
export class NodeTransport {
  readonly #agents = new Map<Protocol, http.Agent>()
  readonly #readCa: (() => string) | undefined
  #isClosed = false

  /**
   * @param readCa - returns the certificates that replace the public CAs, in PEM form. Called for each request. Node keeps
   * separate connections per CA.
   */
  constructor(readCa?: () => string) {
    this.#readCa = readCa
  }

  async send(request: TransportRequest, signal: AbortSignal): Promise<HttpResponse> {
    const url = parseUrl(request.url)
    const agent = this.#agentFor(protocolOf(url))
    const ca = this.#readCa?.()
    try {
      return await sendOnce(request, { url, agent, signal, ca })
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error
      // A server that closed one idle connection has probably closed the others, so the retry must not use them.
      closeIdle(agent)
      if (request.isRepeatable !== true) throw error
    }
    signal.throwIfAborted()
    return sendOnce(request, { url, agent, signal, ca })
  }

  /** Closes idle connections. Requests in flight complete, so that a service that shuts down can respond to its callers. */
  close(): void {
    this.#isClosed = true
    for (const agent of this.#agents.values()) {
      agent.maxFreeSockets = 0
      closeIdle(agent)
    }
  }

  #agentFor(protocol: Protocol): http.Agent {
    let agent = this.#agents.get(protocol)
    if (agent === undefined) {
      const { Agent } = moduleOf(protocol)
      agent = new Agent({ keepAlive: true, maxSockets: MOST_SOCKETS, timeout: IDLE_MILLISECONDS })
      if (this.#isClosed) agent.maxFreeSockets = 0
      this.#agents.set(protocol, agent)
    }
    return agent
  }
}

/** The issuer closed a kept connection when it was reused, before any response. */
class StaleConnectionError extends Error {
  constructor(cause: Error) {
    super('stale connection', { cause })
  }
}

function parseUrl(input: string): URL {
  const url = new URL(input)
  // Node would send user name and password as Basic credentials. The Fetch standard rejects such URLs as well.
  if (url.username !== '' || url.password !== '') throw new TypeError('URL with credentials')
  return url
}

function protocolOf({ protocol }: URL): Protocol {
  return protocol === 'https:' ? 'https:' : 'http:'
}

function closeIdle({ freeSockets }: http.Agent): void {
  for (const sockets of Object.values(freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy()
  }
}

function sendOnce(
  { method, headers, body, maxBytes, tls, keepsAlive }: TransportRequest,
  { url, agent, signal, ca }: { url: URL; agent: http.Agent; signal: AbortSignal; ca: string | undefined },
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    // Read from the module on each call, because tracing and mocking tools replace the function there.
    const { request } = moduleOf(protocolOf(url))
    const sent = request(url, {
      agent,
      method,
      lookup: lookupUntil(signal),
      ...(ca === undefined ? {} : { ca }),
      // The agent keeps separate connections and TLS sessions per certificate.
      ...tlsOptions(tls),
      headers: {
        ...PLAIN_BYTES,
        ...USER_AGENT,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    if (keepsAlive === false) {
      // The agent calls `ref` when it reuses the socket.
      sent.on('socket', (socket) => {
        socket.unref()
      })
    }
    let hasResponse = false
    let isDone = false
    const stop = onAbort(signal, () => {
      sent.destroy()
    })
    const fail = (error: Error): void => {
      if (isDone) return
      isDone = true
      stop()
      reject(error)
      sent.destroy()
    }
    // Never removed: a connection may emit a second error, which would end the process without a listener.
    sent.on('error', (error) => {
      fail(sent.reusedSocket && !hasResponse && isReset(error) ? new StaleConnectionError(error) : error)
    })
    // Node closes a request without an error after an unexpected 101 response.
    sent.on('close', () => {
      fail(new Error('connection closed'))
    })
    sent.on('response', (response) => {
      hasResponse = true
      readResponse(response, maxBytes, fail, (read) => {
        if (isDone) return
        isDone = true
        stop()
        resolve(read)
      })
    })
    sent.end(body)
  })
}

function tlsOptions(tls: TransportRequest['tls']): Pick<RequestOptions, 'cert' | 'key' | 'ca'> {
  if (tls === undefined) return {}
  const { cert, key, ca } = tls
  return ca === undefined ? { cert, key } : { cert, key, ca }
}

function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE'
}

function readResponse(
  response: http.IncomingMessage,
  maxBytes: number,
  fail: (error: Error) => void,
  done: (read: HttpResponse) => void,
): void {
  const headers = new NodeHeaders(response.rawHeaders)
  const text = new ResponseText(maxBytes)
  const attempt = (step: () => void): void => {
    try {
      step()
    } catch (error) {
      fail(error as Error)
    }
  }
  response.on('error', fail)
  // Never decompressed, because a small compressed body can expand without limit.
  if (isCompressed(headers)) {
    fail(new UnreadableResponseError('compressed response, although the request forbids it'))
    return
  }
  response.on('data', (chunk: Buffer) => {
    attempt(() => {
      text.add(chunk)
    })
  })
  response.on('end', () => {
    attempt(() => {
      done({ status: response.statusCode ?? 0, headers, text: text.decode() })
    })
  })
}

function isCompressed(headers: NodeHeaders): boolean {
  return !/^(?:identity)?$/i.test(headers.get('content-encoding') ?? '')
}
