import type { Demo } from './demo.js'

/** curl commands with new tokens, each with the expected status. */
export function curlLines({ issuer, url }: Pick<Demo, 'issuer' | 'url'>): readonly string[] {
  const scopes = 'orders:read'
  const line = (meaning: string, path: string, token?: string): readonly string[] => {
    const header = token === undefined ? '' : `-H "Authorization: Bearer ${token}" `
    return ['', `# ${meaning}`, `curl -i ${header}${url}${path}`]
  }
  return [
    ...line('200: a JWT', '/orders', issuer.mintJwt({ scopes })),
    ...line('200: an opaque token', '/orders', issuer.mintOpaque({ scopes })),
    ...line(
      '403: without the scope that the route requires',
      '/orders',
      issuer.mintJwt({ scopes: 'orders:write' }),
    ),
    ...line('401: too old for this route', '/payouts', issuer.mintJwt({ scopes, age: '10m' })),
    ...line('401: no token', '/orders'),
    ...line('200: an unguarded route', '/health'),
  ]
}
