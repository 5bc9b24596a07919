import { sendByFetch } from './fetch-transport.js'
import type { HttpResponse, TransportRequest } from './messages.js'
import { NodeTransport } from './node-transport.js'
import { replacedFetch } from './replaced-fetch.js'

/** Sends requests to one issuer, over connections that no other issuer uses. */
export interface Transport {
  /**
   * Sends one request and reads the whole response. Aborts and closes the connection when `signal` is aborted.
   *
   * @throws UnreadableResponseError for a response that is too large, compressed or not UTF-8.
   * @throws The error of the network stack or of a custom `fetch`. It may quote the request.
   */
  send(request: TransportRequest, signal: AbortSignal): Promise<HttpResponse>
  /** Closes idle connections immediately, and each connection in use after its response has been read. */
  close(): void
}

/**
 * Creates a transport that uses separate connections, or a custom `fetch`. A global `fetch` that a tool has replaced is
 * used like a custom one.
 */
export function createTransport(customFetch: typeof fetch | undefined): Transport {
  if (customFetch !== undefined) {
    return { send: (request, signal) => sendByFetch(customFetch, request, signal), close: () => undefined }
  }
  const connections = new NodeTransport()
  return {
    send(request, signal) {
      const replaced = replacedFetch()
      // A replaced fetch cannot present a certificate.
      return replaced === undefined || request.tls !== undefined
        ? connections.send(request, signal)
        : sendByFetch(replaced, request, signal)
    },
    close: () => {
      connections.close()
    },
  }
}
