import { PLAIN_BYTES, type HttpResponse, type TransportRequest } from './messages.js'
import { ResponseText } from './response-text.js'

/** Sends a request through a custom fetch, which owns the connections and looks up the host. */
export async function sendByFetch(
  customFetch: typeof fetch,
  { url, method, headers, body, maxBytes }: TransportRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await customFetch(url, {
    method,
    headers: { ...PLAIN_BYTES, ...headers },
    ...(body === undefined ? {} : { body }),
    // Following one would send a token or our credentials somewhere nobody configured.
    redirect: 'manual',
    signal,
  })
  const text = new ResponseText(maxBytes)
  // Leaving the loop by throwing cancels the body, which closes the connection.
  if (response.body !== null) {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) text.add(chunk)
  }
  return { status: response.status, headers: response.headers, text: text.decode() }
}
