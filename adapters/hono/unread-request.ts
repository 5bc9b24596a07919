import type { Context } from 'hono'

/** Returns the request, or a copy if earlier middleware has read its body, which Hono then keeps. */
export async function unreadRequest({ req }: Context): Promise<Request> {
  if (!req.raw.bodyUsed) return req.raw
  const { url, method, raw } = req
  return new Request(url, { method, headers: raw.headers, body: await req.text() })
}
