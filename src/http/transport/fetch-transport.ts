import { PLAIN_BYTES, type HttpResponse, type TransportRequest } from './messages.js'
import { ResponseText } from './response-text.js'

/** Sends a request with a custom `fetch`, which manages the connections and looks up the host. */
export async function sendByFetch(
  customFetch: typeof fetch,
  { url, method, headers, body, maxBytes }: TransportRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const response = await customFetch(url, {
    method,
    headers: { ...PLAIN_BYTES, ...headers },
    ...(body === undefined ? {} : { body }),
    // A followed redirect would send a token or credentials to a URL that is not configured.
    redirect: 'manual',
    signal,
  })
  const text = new ResponseText(maxBytes)
  // An error in the loop cancels the body, which closes the connection.
  if (response.body !== null) {
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) text.add(chunk)
  }
  return { status: response.status, headers: response.headers, text: text.decode() }
}
