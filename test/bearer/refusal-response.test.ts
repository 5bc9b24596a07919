import { expect, it } from 'vitest'
import { refusalResponse } from '../../src/bearer/refusal-response.js'
import { Refusal } from '../../src/index.js'

it.each(['oauth', 'problem'] as const)(
  'a guard responds to a refusal as Refusal.toResponse() does, with the body %s',
  async (body) => {
    for (const refusal of [
      new Refusal('token_missing'),
      new Refusal('scope_insufficient', { required: ['orders:read'] }),
      new Refusal('keys_unavailable', { retryAfterSeconds: 7 }),
    ]) {
      const response = refusalResponse(refusal, body)
      const expected = refusal.toResponse({ body })
      expect(response.status).toBe(expected.status)
      expect(response.body).toBe(await expected.text())
      expect([...new Headers(response.headers)]).toEqual([...expected.headers])
    }
  },
)
