import { describe, expect, it } from 'vitest'
import { oauth } from '../../src/index.js'
import { testBed } from '../support/test-bed.js'

describe('a refusal of another copy of the package that a custom issuer throws', () => {
  /** A refusal of another copy: it shares no prototype, and has the symbol that all copies know. */
  const foreign = (reason: string): object =>
    Object.assign(Object.create({ [Symbol.for('m2m-guard@0/refusal')]: () => undefined }) as object, {
      reason,
      description: 'Ask again.',
      issuer: undefined,
      source: undefined,
      required: undefined,
      headers: reason === 'issuer_unavailable' ? { 'Retry-After': '7' } : {},
    })

  it.each([
    ['token_revoked', 401, undefined],
    ['issuer_unavailable', 503, 7],
  ])('refuses the request with its own reason: %s', async (reason, status, retryAfter) => {
    const thrown = foreign(reason)
    const { answer, jwt } = await testBed({
      issuers: (by) => {
        const issuer = oauth(by.oauth())
        const readClaims = (): never => {
          // oxlint-disable-next-line typescript/only-throw-error -- an object of another realm's class
          throw thrown
        }
        return [{ ...issuer, jwt: { ...issuer.jwt!, readClaims } }]
      },
    })
    expect(await answer(jwt())).toMatchObject({ status, reason, retryAfter })
  })
})
