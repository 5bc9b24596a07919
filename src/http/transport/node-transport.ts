import type http from 'node:http'
import { UnreadableResponseError } from '../exchange-error.js'
import { lookupUntil } from '../lookup/shared-lookup.js'
import { PLAIN_BYTES, type HttpResponse, type TransportRequest } from './messages.js'
import { NodeHeaders } from './node-headers.js'
import { ResponseText } from './response-text.js'

/** How long an idle connection is kept. Servers and load balancers in between keep one for 5 s and longer. */
const IDLE_MILLISECONDS = 4000

/** Some load balancers refuse a request without it. */
const USER_AGENT = { 'user-agent': 'm2m-guard' } as const

type Protocol = 'http:' | 'https:'

/** Loads `node:http` or `node:https`, which a guard that never calls an issuer does not need. */
function moduleOf(protocol: Protocol): Pick<typeof http, 'Agent' | 'request'> {
  // Typed apart, because the two modules have different options.
  return protocol === 'https:'
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
}

/** Sends requests over connections of its own, through agents of `node:http` and `node:https`. */
export class NodeTransport {
  readonly #agents = new Map<Protocol, http.Agent>()
  #isClosed = false

  async send(request: TransportRequest, signal: AbortSignal): Promise<HttpResponse> {
    const address = addressOf(request.url)
    const agent = this.#agentFor(protocolOf(address))
    try {
      return await sendOnce(request, { address, agent, signal })
    } catch (error) {
      if (!(error instanceof StaleConnectionError)) throw error
      // A server that closed one idle connection has probably closed the others: the next attempt must not use them.
      closeIdle(agent)
      if (request.isRepeatable !== true) throw error
    }
    signal.throwIfAborted()
    return sendOnce(request, { address, agent, signal })
  }

  /** Requests in flight keep their connections until they end: a service that shuts down still answers its callers. */
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
      agent = new Agent({ keepAlive: true, timeout: IDLE_MILLISECONDS })
      if (this.#isClosed) agent.maxFreeSockets = 0
      this.#agents.set(protocol, agent)
    }
    return agent
  }
}

/** The issuer closed a kept connection when it was used again, before any response. */
class StaleConnectionError extends Error {
  constructor(cause: Error) {
    super('stale connection', { cause })
  }
}

function addressOf(url: string): URL {
  const address = new URL(url)
  // Node would send them as credentials. The fetch standard refuses such an address as well.
  if (address.username !== '' || address.password !== '') throw new TypeError('URL with credentials')
  return address
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
  { method, headers, body, maxBytes }: TransportRequest,
  { address, agent, signal }: { address: URL; agent: http.Agent; signal: AbortSignal },
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    // Called on the module, where tracing and mocking tools replace the function.
    const { request } = moduleOf(protocolOf(address))
    const sent = request(address, {
      agent,
      method,
      lookup: lookupUntil(signal),
      headers: {
        ...PLAIN_BYTES,
        ...USER_AGENT,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    })
    let hasResponse = false
    let isDone = false
    const abort = (): void => {
      sent.destroy()
    }
    const fail = (error: Error): void => {
      if (isDone) return
      isDone = true
      signal.removeEventListener('abort', abort)
      reject(error)
      sent.destroy()
    }
    signal.addEventListener('abort', abort, { once: true })
    // Stays until the end, because a connection may fail again after the first failure.
    sent.on('error', (error) => {
      fail(sent.reusedSocket && !hasResponse && isReset(error) ? new StaleConnectionError(error) : error)
    })
    // Node ends a request without an error for 101, which no request asks for.
    sent.on('close', () => {
      fail(new Error('connection closed'))
    })
    sent.on('response', (response) => {
      hasResponse = true
      readResponse(response, maxBytes, fail, (read) => {
        if (isDone) return
        isDone = true
        signal.removeEventListener('abort', abort)
        resolve(read)
      })
    })
    sent.end(body)
  })
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
  // Not decompressed, because a few bytes could become any number.
  if (isCompressed(headers)) {
    fail(new UnreadableResponseError('compressed answer, although plain bytes were asked for'))
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
