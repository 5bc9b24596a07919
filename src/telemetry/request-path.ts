import type { GuardedRequest } from '../model/request.js'

/** The request's path without its query, which may hold secrets. */
export function pathOf({ originalUrl, url }: GuardedRequest): string | undefined {
  const address: unknown = originalUrl ?? url
  if (typeof address !== 'string') return undefined
  const path = address.startsWith('/') || !URL.canParse(address) ? address : new URL(address).pathname
  return path.split(/[?#]/, 1)[0]
}
