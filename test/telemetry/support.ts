import { bearer } from '../support/test-bed.js'

export const WHO = { clientId: 'billing', subject: 'service-7', scopes: 'a', claims: { jti: 'token-1' } }
export const request = (token: string) => ({ method: 'GET', url: '/orders', ...bearer(token) })
