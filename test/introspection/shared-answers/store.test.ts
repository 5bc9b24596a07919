import { describe, expect, it } from 'vitest'
import { sharedAnswers } from '../../../src/index.js'
import { passDeadlines, runningDeadlines } from '../../support/setup/deadlines.js'
import { SECRET, type MemoryStore } from '../../support/shared-store.js'
import type { Sharer } from '../../support/sharing.js'
import { until } from '../../support/until.js'
import { answersIn, isSettled, pair } from './support.js'

describe('what the store has', () => {
  it('no token, no part of one, and nothing that a guess could be compared with', async () => {
    const { fleet, share, store } = await pair()
    const token = fleet.bed.opaque({ scopes: 'orders:read' })
    await share(token)
    const dump = JSON.stringify([...store.values])
    for (const text of [token, token.slice(0, 12), 'orders:read', 'active']) expect(dump).not.toContain(text)
    const { createHash } = await import('node:crypto')
    for (const encoding of ['hex', 'base64', 'base64url'] as const)
      expect(dump).not.toContain(createHash('sha256').update(token).digest(encoding))
  })

  it.each<[string, (store: MemoryStore, key: string, other: string) => string]>([
    ['of another program', () => 'hello'],
    ['empty', () => ''],
    ['of another version', (store, key) => `Ag${store.values.get(key)!.slice(2)}`],
    ['of another token', (store, _, other) => store.values.get(other)!],
    ['that was changed', (store, key) => `${store.values.get(key)!.slice(0, -8)}AAAAAAAA`],
  ])('an entry %s is skipped and reported, and replaced', async (_, forge) => {
    const { fleet, share, store, answers } = await pair()
    const [inactive, active] = [fleet.bed.opaque(), fleet.bed.opaque()]
    fleet.bed.issuer.revoke(inactive)
    await share(inactive)
    const [key = ''] = answersIn(store)
    await share(active)
    const other = answersIn(store).find((name) => name !== key)!
    store.values.set(key, forge(store, key, other))
    const three = fleet.join(answers())
    expect(await three.outcome(inactive)).toBe('token_inactive')
    expect(fleet.calls()).toBe(3)
    expect(three.issuerEvents).toMatchObject([{ kind: 'answer_skipped' }])
    await until(isSettled(store))
    expect(await fleet.join(answers()).outcome(inactive)).toBe('token_inactive')
    expect(fleet.calls()).toBe(3)
  })

  it('entries of another secret are not found; a list of secrets finds those of each', async () => {
    const { fleet, share, store } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const NEW = `${SECRET} and another one`
    const withSecret = (secret: string | string[]): Sharer =>
      fleet.join(sharedAnswers({ store, secret, deadline: '5s' }))
    const other = withSecret(NEW)
    expect(await withSecret([NEW, SECRET]).outcome(token)).toBe('accepted')
    expect(fleet.calls()).toBe(1)
    expect(await other.outcome(token)).toBe('accepted')
    expect(other.issuerEvents).toEqual([])
    expect(fleet.calls()).toBe(2)
    const rotated = fleet.bed.opaque()
    await withSecret([NEW, SECRET]).outcome(rotated)
    await until(isSettled(store))
    expect(await withSecret([SECRET, NEW]).outcome(rotated)).toBe('accepted')
    expect(fleet.calls()).toBe(3)
  })
})

describe('a store that fails costs nothing but the sharing', () => {
  it('a slow one costs the deadline once', async () => {
    const { fleet, store } = await pair()
    const slow = fleet.join(sharedAnswers({ store, secret: SECRET }))
    store.before = () => new Promise(() => undefined)
    const outcome = slow.outcome(fleet.bed.opaque())
    await until(() => runningDeadlines().some((left) => left < 0.1))
    passDeadlines(0.005)
    expect(await outcome).toBe('accepted')
    const operations = store.operations.length
    for (let times = 0; times < 20; times += 1)
      expect(await slow.outcome(fleet.bed.opaque())).toBe('accepted')
    expect(store.operations).toHaveLength(operations)
    expect(slow.issuerEvents).toMatchObject([{ kind: 'answers_failing', detail: 'no response within 5 ms' }])
    expect(slow.verifier.health()).toMatchObject({
      status: 'degraded',
      answers: { status: 'degraded', failure: 'no response within 5 ms' },
    })
  })

  it('one that throws or rejects never reaches the request', async () => {
    const { fleet, store } = await pair()
    for (const broken of [
      () => {
        throw new Error('synchronous')
      },
      () => Promise.reject(new Error('asynchronous')),
    ]) {
      const answers = sharedAnswers({ store: { ...store, get: broken, add: broken }, secret: SECRET })
      const member = fleet.join(answers)
      expect(await member.outcome(fleet.bed.opaque())).toBe('accepted')
      expect(member.verifier.health().answers?.failure).toMatch(/synchronous/)
    }
  })

  it('cached tokens are accepted without an operation of the store', async () => {
    const { fleet, store, share, one } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const operations = store.operations.length
    for (let times = 0; times < 5; times += 1) expect(await one.outcome(token)).toBe('accepted')
    expect(store.operations).toHaveLength(operations)
  })
})
