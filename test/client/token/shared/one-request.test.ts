import { describe, expect, it } from 'vitest'
import type { TokenSourceEvent } from '../../../../src/client/index.js'
import { measureTokenEvent } from '../../../../src/metrics/token-readings.js'
import { passDeadlines } from '../../../support/setup/deadlines.js'
import { nextTurn, until } from '../../../support/until.js'
import { setup } from './support.js'

const HOUR = 3600

/** Lets pauses end until work is done. */
async function waitingFor<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    passDeadlines(0.02)
    await nextTurn()
  }
  return done
}

describe('a fleet requests a token once', () => {
  it('another process uses it, and sets have tokens of their own', async () => {
    const { bed, join, settled } = await setup()
    const [one, two] = [join(), join()]
    const token = await one.getToken({ scopes: 'a b' })
    await settled()
    expect(await two.getToken({ scopes: ['b', 'a'] })).toBe(token)
    expect(bed.sent).toHaveLength(1)
    expect(await two.getToken({ scopes: 'a' })).not.toBe(token)
    expect(bed.sent).toHaveLength(2)
    expect(await two.getTokenInfo({ scopes: 'a b' })).toMatchObject({ token, scopes: ['a', 'b'] })
  })

  it('a token of another process is reported as obtained, without a token request', async () => {
    const { join, settled } = await setup()
    const events: TokenSourceEvent[] = []
    const onEvent = (event: TokenSourceEvent) => events.push(event)
    await join({ onEvent }).getToken()
    await settled()
    await join({ onEvent }).getToken()
    const [requested, taken] = events
    expect(events.map(({ kind }) => kind)).toEqual(['token_obtained', 'token_obtained'])
    expect(requested).toMatchObject({ trigger: 'absent', durationMs: expect.any(Number) as number })
    expect(taken).not.toHaveProperty('trigger')
    expect(taken).toMatchObject({
      fingerprint: requested?.fingerprint,
      detail: expect.stringContaining('another process') as string,
    })
    expect(measureTokenEvent('orders', taken!)).toBeUndefined()
  })

  it('16 processes that start at the same time', async () => {
    const { bed, join, settled } = await setup()
    const gate = bed.issuer.gate('token')
    const all = Array.from({ length: 16 }, () => join().getToken())
    await gate.waiting
    gate.release()
    await Promise.race(all)
    await settled()
    expect(new Set(await waitingFor(Promise.all(all))).size).toBe(1)
    expect(bed.sent).toHaveLength(1)
  })

  it('one process renews it for all', async () => {
    const { bed, join, settled } = await setup()
    const sources = Array.from({ length: 4 }, () => join())
    const use = async (): Promise<Set<string>> => {
      const all = sources.map((source) => source.getToken())
      await Promise.race(all)
      await settled()
      await waitingFor(Promise.all(all))
      return new Set(await Promise.all(sources.map((source) => source.getToken())))
    }
    expect((await use()).size).toBe(1)
    for (let minute = 0; minute < 180; minute += 1) {
      bed.pass(60)
      await use()
    }
    // 3 hours with tokens of one hour, renewed after 80 % ± 10 %.
    expect(bed.sent.length).toBeLessThanOrEqual(6)
  })

  it('a process that waits in vain requests its own token, after maxWait', async () => {
    const { bed, join } = await setup()
    const gate = bed.issuer.gate('token')
    const all = [join().getToken(), join().getToken()]
    await gate.waiting
    while (bed.sent.length < 2) {
      passDeadlines(0.1)
      await nextTurn()
    }
    gate.release()
    await Promise.all(all)
  })

  it('after a failed token request the next process requests, and nothing is stored', async () => {
    const { bed, join, settled, store } = await setup()
    bed.issuer.fail('token', 400)
    await expect(join().getToken()).rejects.toThrow()
    await settled()
    expect([...store.values]).toEqual([])
    bed.issuer.heal()
    expect(await join().getToken()).toBeTypeOf('string')
  })
})

describe('the times of a shared token count from its token request', () => {
  it('it is never returned in its last seconds, nor after its expiry', async () => {
    const { bed, join, settled } = await setup()
    const token = await join().getToken()
    await settled()
    const late = join()
    bed.pass(HOUR * 0.65)
    const { token: shared, expiresAt } = await late.getTokenInfo()
    expect(shared).toBe(token)
    expect(expiresAt).toBe(bed.now() + HOUR * 0.35)
    bed.pass(HOUR * 0.35 - 4)
    expect(await late.getToken()).not.toBe(token)
  })

  it('a process that starts when it is due for renewal requests a new one', async () => {
    const { bed, join, settled } = await setup()
    const token = await join().getToken()
    await settled()
    bed.pass(HOUR * 0.92)
    expect(await join().getToken()).not.toBe(token)
    expect(bed.sent).toHaveLength(2)
  })

  it('maxAge counts from its token request', async () => {
    const { bed, join, settled } = await setup()
    const token = await join().getToken()
    await settled()
    bed.pass(61)
    expect(await join({ maxAge: '1m' }).getToken()).not.toBe(token)
    expect(await join({ maxAge: '10m' }).getToken()).toBeTypeOf('string')
    expect(bed.sent).toHaveLength(2)
  })
})

describe('a token that an API has refused', () => {
  it('is removed from the store, and the first renewal serves all', async () => {
    const { bed, join, settled, store } = await setup()
    const [one, two] = [join(), join()]
    const token = await one.getToken()
    await settled()
    expect(await two.getToken()).toBe(token)
    one.forget(token)
    await until(() => store.values.size === 0)
    const renewed = await one.getToken()
    expect(renewed).not.toBe(token)
    await settled()
    two.forget(token)
    expect(await two.getToken()).toBe(renewed)
    expect(bed.sent).toHaveLength(2)
    // The new token was not removed.
    expect(await join().getToken()).toBe(renewed)
  })

  it('refresh() requests a new token, which the others find when they renew', async () => {
    const { bed, join, settled } = await setup()
    const [one, two] = [join(), join()]
    const token = await one.getToken()
    await settled()
    const refreshed = await two.refresh()
    expect(refreshed).not.toBe(token)
    expect(bed.sent).toHaveLength(2)
    await settled()
    one.forget(token)
    expect(await one.getToken()).toBe(refreshed)
    expect(bed.sent).toHaveLength(2)
  })
})
