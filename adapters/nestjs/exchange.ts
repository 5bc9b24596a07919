import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ExecutionContext } from '@nestjs/common'
import { closeIfBody, ignoreLateWrites, isMethodCalled, toHostError } from '../../src/guard/node-response.js'

/** The methods of a reply of Fastify that are used here. */
interface Reply {
  readonly raw: ServerResponse
  readonly sent: boolean
  getHeader(name: string): unknown
  header(name: string, value: unknown): unknown
  hijack(): unknown
}

/** A request and its response, on the platform of the application. */
export interface Exchange {
  /** The request as handlers receive it. */
  readonly request: object
  /** The request of Node. */
  readonly incoming: IncomingMessage
  /** The response of Node. */
  readonly outgoing: ServerResponse
  /** Sets a header of the response. Challenges are added to those of other schemes (RFC 9110 section 11.6.1). */
  setHeader(name: string, value: string): void
  /** Runs a function, and returns whether it responded. An error that it throws is converted by `toHostError`. */
  isAnsweredBy(run: () => unknown): Promise<boolean>
  /** Ends the processing of a request whose caller has disconnected. */
  abandon(): void
}

/** Returns the request of Node that belongs to a request of Express or Fastify. */
export function incomingOf(request: object): IncomingMessage {
  const { raw } = request as { readonly raw?: unknown }
  const isFastify = typeof raw === 'object' && raw !== null && 'rawHeaders' in raw
  return (isFastify ? raw : request) as IncomingMessage
}

/** Returns the request and response of a handler. */
export function exchangeOf(context: ExecutionContext): Exchange {
  const http = context.switchToHttp()
  const request = http.getRequest<object>()
  const response = http.getResponse<object>()
  const incoming = incomingOf(request)
  return incoming === request
    ? overExpress(request, incoming, response as ServerResponse)
    : overFastify(request, incoming, response as Reply)
}

function overExpress(request: object, incoming: IncomingMessage, outgoing: ServerResponse): Exchange {
  return {
    request,
    incoming,
    outgoing,
    setHeader(name, value) {
      if (name === 'WWW-Authenticate') outgoing.appendHeader(name, value)
      else outgoing.setHeader(name, value)
      if (name === 'Content-Type') keepMediaType(outgoing, value)
    },
    async isAnsweredBy(run) {
      try {
        await run()
      } catch (error) {
        throw toHostError(error)
      }
      return outgoing.headersSent || outgoing.writableEnded
    },
    abandon() {
      // Nothing to do: Express forgets a request that is not continued.
    },
  }
}

/**
 * Keeps the media type of problem details. Nest 11 replaces any type of an error that does not start with `application/json`,
 * just before it sends the response. A filter that sets another type, or this one with a charset, is obeyed.
 */
function keepMediaType(outgoing: ServerResponse, mediaType: string): void {
  const setHeader = outgoing.setHeader.bind(outgoing)
  const value: ServerResponse['setHeader'] = (name, value) => {
    const isReplacement = value === 'application/json' && name.toLowerCase() === 'content-type'
    return isReplacement && outgoing.getHeader(name) === mediaType ? outgoing : setHeader(name, value)
  }
  Object.defineProperty(outgoing, 'setHeader', { value, configurable: true, writable: true })
}

function overFastify(request: object, incoming: IncomingMessage, reply: Reply): Exchange {
  return {
    request,
    incoming,
    outgoing: reply.raw,
    setHeader(name, value) {
      const earlier = name === 'WWW-Authenticate' ? reply.getHeader(name) : undefined
      reply.header(name, earlier === undefined ? value : [earlier, value].flat())
    },
    // `reply.sent` is false while `onSend` hooks run.
    isAnsweredBy: async (run) => (await isMethodCalled(reply, 'send', run)) || reply.sent,
    abandon() {
      reply.hijack()
    },
  }
}

/** Prepares the response to a refused request: closes the connection if the body of the request was not read. */
export function closeIfUnread({ incoming, outgoing }: Exchange): void {
  if (!incoming.readableEnded) closeIfBody(incoming, outgoing)
}

/** Ignores writes to the response after it was sent. */
export function ignoreWritesAfterResponse({ outgoing }: Exchange): void {
  ignoreLateWrites(outgoing)
}
