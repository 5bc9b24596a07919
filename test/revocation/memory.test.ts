import { describe, expect, it } from 'vitest'
import { memoryRevocations, type RevocationEvent, type Revocations } from '../../src/index.js'
import { manualClock, NOW } from '../support/clock.js'
import { failureOf } from '../support/outcomes.js'

const ISSUER = 'https://auth.example.com'

function started(maxEntries = 1000): {
  readonly revocations: Revocations
  readonly events: RevocationEvent[]
  readonly pass: (seconds: number) => void
} {
  const clock = manualClock()
  const events: RevocationEvent[] = []
  const revocations = memoryRevocations({
    maxEntries,
    clock: clock.read,
    onEvent: (event) => void events.push(event),
  })
  return { revocations, events, pass: clock.pass }
}

describe('memoryRevocations()', () => {
  it('lists what was revoked, the latest first', async () => {
    const { revocations, pass } = started()
    await revocations.revoke({ issuer: ISSUER, tokenId: 'a', expiresAt: NOW + 60 })
    pass(1)
    await revocations.revoke({ issuer: ISSUER, clientId: 'billing', reason: 'key leaked' })
    pass(1)
    await revocations.revoke({ issuer: ISSUER, subject: 'machine', before: NOW })
    pass(1)
    await revocations.revoke({ issuer: ISSUER, before: new Date(NOW * 1000) })
    expect(revocations.list()).toEqual([
      { kind: 'issuer', issuer: ISSUER, before: NOW, revokedAt: NOW + 3 },
      { kind: 'subject', issuer: ISSUER, subject: 'machine', before: NOW, revokedAt: NOW + 2 },
      {
        kind: 'client',
        issuer: ISSUER,
        clientId: 'billing',
        before: NOW + 2,
        revokedAt: NOW + 1,
        reason: 'key leaked',
      },
      { kind: 'token', issuer: ISSUER, tokenId: 'a', expiresAt: NOW + 60, revokedAt: NOW },
    ])
    expect(revocations.health()).toEqual({ status: 'ok', asOf: NOW + 3, entries: 4 })
  })

  it('a receipt is reached immediately, also after the entry could be dropped', async () => {
    const { revocations, pass } = started()
    const { receipt, durable } = await revocations.revoke({
      issuer: ISSUER,
      tokenId: 'a',
      expiresAt: NOW + 60,
    })
    expect(durable).toBe(0)
    expect(await revocations.reached(receipt)).toBe(true)
    pass(60 + 3600)
    expect(await revocations.reached(receipt)).toBe(true)
  })

  it('a receipt of other revocations is not reached', async () => {
    const { receipt } = await started().revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    const error = await failureOf(started().revocations.reached(receipt, { deadline: 0 }))
    expect(error.message).toMatch(/^the revocation is unknown to this process after 0 s/)
  })

  it('a receipt is reached once another caller revokes the same', async () => {
    const [one, two] = [started(), started()]
    const { receipt } = await one.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    const waiting = two.revocations.reached(receipt)
    await two.revocations.revoke({ issuer: ISSUER, clientId: 'a' })
    expect(await waiting).toBe(true)
  })

  it.each([undefined, '', 'a', 'W10', 1, Buffer.from('["a"]').toString('base64url')])(
    'a receipt that is not one is a TypeError: %s',
    async (receipt) => {
      const error = await failureOf(started().revocations.reached(receipt as string), TypeError)
      expect(error.message).toBe('reached() requires the receipt of a revocation')
    },
  )

  it('reports each revocation with its reason', async () => {
    const { revocations, events } = started()
    await revocations.revoke({ issuer: ISSUER, clientId: 'billing', reason: 'key leaked' })
    expect(events).toMatchObject([
      {
        kind: 'revoked',
        detail: `revoked: tokens of the client "billing" of the issuer "${ISSUER}" issued before 2026-11-21T08:00:01.000Z ("key leaked")`,
        entries: [{ kind: 'client', clientId: 'billing', reason: 'key leaked' }],
      },
    ])
  })

  it('beyond maxEntries reports that more is refused than was requested', async () => {
    const { revocations, events } = started(1)
    await revocations.revoke({ issuer: ISSUER, tokenId: 'a' })
    await revocations.revoke({ issuer: ISSUER, tokenId: 'b' })
    expect(events.map(({ kind }) => kind)).toEqual(['revoked', 'entry_coarsened', 'revoked'])
    expect(events[1]?.entries).toMatchObject([{ kind: 'issuer', issuer: ISSUER, before: NOW + 60 }])
  })

  it('an observer that throws or rejects changes nothing', async () => {
    for (const onEvent of [
      () => Promise.reject(new Error('a')),
      () => {
        throw new Error('b')
      },
    ]) {
      const revocations = memoryRevocations({ onEvent })
      await revocations.revoke({ issuer: ISSUER, clientId: 'a' })
      expect(revocations.list()).toHaveLength(1)
    }
  })
})
