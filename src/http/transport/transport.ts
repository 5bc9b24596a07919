import { sendByFetch } from './fetch-transport.js'
import type { HttpResponse, TransportRequest } from './messages.js'
import { NodeTransport } from './node-transport.js'
import { replacedFetch } from './replaced-fetch.js'

/** Sends requests to one issuer, over connections that nothing else uses. */
export interface Transport {
  /**
   * Sends one request and reads the whole response. Gives up once `signal` is aborted, and closes the connection then.
   *
   * @throws UnreadableResponseError for a response that is too large, compressed or not UTF-8.
   * @throws What the network stack or a custom fetch throws. It may quote the request.
   */
  send(request: TransportRequest, signal: AbortSignal): Promise<HttpResponse>
  /** Closes idle connections now, and those in use once their response has been read. */
  close(): void
}

/**
 * Creates a transport: over connections of its own, or through a custom fetch. A global fetch that a tool has replaced
 * is used like a custom one.
 */
export function createTransport(customFetch: typeof fetch | undefined): Transport {
  if (customFetch !== undefined) {
    return { send: (request, signal) => sendByFetch(customFetch, request, signal), close: () => undefined }
  }
  const connections = new NodeTransport()
  return {
    send(request, signal) {
      const replaced = replacedFetch()
      return replaced === undefined
        ? connections.send(request, signal)
        : sendByFetch(replaced, request, signal)
    },
    close: () => {
      connections.close()
    },
  }
}
