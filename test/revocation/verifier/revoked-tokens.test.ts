import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { memoryRevocations } from '../../../src/index.js'
import type { TestBed } from '../../support/test-bed.js'
import { bedWith } from './support.js'

describe('a revoked token is refused with 401 token_revoked', () => {
  it.each([
    ['a JWT', (bed: TestBed) => bed.jwt()],
    [
      'a JWT without jti',
      (bed: TestBed) => bed.jwt({ claims: { jti: undefined, nonce_of_test: randomUUID() } }),
    ],
    ['an opaque token', (bed: TestBed) => bed.opaque()],
  ])('%s, cached or not, and no other token', async (_, mint) => {
    const bed = await bedWith()
    const [cached, fresh, other] = [mint(bed), mint(bed), mint(bed)]
    expect(await bed.outcome(cached)).toBe('accepted')
    for (const token of [cached, fresh]) {
      await bed.verifier.revoke({ token, reason: 'found in a log' })
      expect(await bed.answer(token)).toMatchObject({ status: 401, reason: 'token_revoked' })
      expect(await bed.answer(token)).toMatchObject({ status: 401, reason: 'token_revoked' })
    }
    expect(await bed.outcome(other)).toBe('accepted')
  })

  it('an opaque token is not introspected any more, also while its issuer is unavailable', async () => {
    const bed = await bedWith()
    const token = bed.opaque()
    bed.issuer.fail('introspection', 'reset')
    await bed.verifier.revoke({ token })
    const { introspection } = bed.issuer.calls
    expect(await bed.outcome(token)).toBe('token_revoked')
    expect(bed.issuer.calls.introspection).toBe(introspection)
  })

  it('in every spelling that its issuer accepts: another signature over the same header and payload', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ claims: { jti: undefined } })
    await bed.verifier.revoke({ token })
    expect(await bed.outcome(otherSignature(token))).toBe('token_revoked')
  })

  it.each([
    ['an id', { jti: 'x'.repeat(4097) }],
    ['a client', { client_id: 'x'.repeat(4097) }],
  ])(
    'in every process, also with %s that is longer than the names of a revocation may be',
    async (_, claims) => {
      const [bed, other] = [await bedWith(), memoryRevocations()]
      const [token, second] = [bed.jwt({ claims }), bed.opaque({ claims })]
      for (const one of [token, second]) {
        const { receipt } = await bed.verifier.revoke({ token: one })
        expect(await bed.outcome(one)).toBe('token_revoked')
        // The receipt has what a store has.
        await expect(bed.verifier.revocations!.reached(receipt, { deadline: 0 })).resolves.toBe(true)
        await expect(other.reached(receipt, { deadline: 0 })).rejects.toThrow('unknown to this process')
      }
    },
  )

  it('by token id', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ claims: { jti: 'id-1' } })
    await bed.verifier.revoke({ issuer: bed.issuer.url, tokenId: 'id-1' })
    expect(await bed.outcome(token)).toBe('token_revoked')
    expect(await bed.outcome(bed.jwt({ claims: { jti: 'id-2' } }))).toBe('accepted')
  })

  it('the event says when and why, and the response does not', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    await bed.verifier.revoke({ token, reason: 'found in a log' })
    await bed.outcome(token)
    expect(bed.events.at(-1)?.detail).toBe('the token was revoked at 2026-11-21T08:00:00Z ("found in a log")')
    const { challenge } = await bed.answer(token)
    expect(challenge).not.toContain('log')
  })
})

/** The same ECDSA signature with its second half replaced by the order of the curve minus it. */
function otherSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(at), 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`)
  const changed = Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
  ])
  return token.slice(0, at) + changed.toString('base64url')
}

describe('a token that cannot be checked when it is revoked', () => {
  it('is revoked once it can be checked', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ expiresIn: '10m' })
    bed.issuer.fail('all', 503)
    await bed.verifier.revoke({ token })
    expect(bed.verifier.health().revocations).toMatchObject({ entries: 1 })
    bed.issuer.heal()
    bed.pass(120)
    expect(await bed.outcome(token)).toBe('token_revoked')
  })
})
