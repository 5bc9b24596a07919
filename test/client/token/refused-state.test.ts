import { describe, expect, it } from 'vitest'
import type { TokenSource } from '../../../src/client/index.js'
import { clientBed, simulatedApi } from '../../support/client.js'
import { nextTurn, until } from '../../support/until.js'

/** The state of the only set, and the status of the source. */
function stateOf(source: TokenSource): readonly unknown[] {
  const { status, tokens } = source.health()
  return [status, tokens[0]?.state]
}

describe('a token that an API refuses after a renewal', () => {
  it.each([
    ['fetch', async (source: TokenSource, url: string) => (await source.fetch(url)).status],
    [
      'forget',
      async (source: TokenSource) => {
        source.forget(await source.getToken())
        return 401
      },
    ],
  ])('is paused and degraded with %s while the pause runs', async (_, refuse) => {
    const { url } = simulatedApi(() => ({ status: 401 }))
    const { source, pass } = await clientBed()
    const tokens = source({ allowedOrigins: url })
    await tokens.getToken()
    let paused = 0
    for (let second = 0; second < 600; second += 1) {
      expect(await refuse(tokens, url)).toBe(401)
      if (String(stateOf(tokens)) === 'degraded,paused') paused += 1
      pass(1)
    }
    // The second in which a pause ends is that of a renewal.
    expect(paused).toBeGreaterThan(580)
  })

  it('is fresh once that API accepts it', async () => {
    let status = 401
    const { url } = simulatedApi(() => ({ status }))
    const { source } = await clientBed()
    const tokens = source({ allowedOrigins: url })
    await tokens.fetch(url)
    await tokens.fetch(url)
    expect(stateOf(tokens)).toEqual(['degraded', 'paused'])
    status = 200
    await tokens.fetch(url)
    expect(stateOf(tokens)).toEqual(['ok', 'fresh'])
  })

  it('is paused while one of two APIs refuses it and the other one accepts it', async () => {
    const [broken, working] = [simulatedApi(() => ({ status: 401 })), simulatedApi(() => ({ status: 200 }))]
    const { issuer, source } = await clientBed()
    const tokens = source({ allowedOrigins: [broken.url, working.url] })
    await tokens.fetch(broken.url)
    await tokens.fetch(broken.url)
    const { token: before } = issuer.calls
    await tokens.fetch(working.url)
    await tokens.getToken()
    expect(stateOf(tokens)).toEqual(['degraded', 'paused'])
    expect(issuer.calls.token).toBe(before)
  })
})

describe('a failed refresh', () => {
  it('makes the token stale during the backoff, and a later call repeats it in the background', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ onEvent: () => undefined })
    const first = await tokens.getToken()
    issuer.fail('token', 500)
    await expect(tokens.refresh()).rejects.toThrow()
    expect(stateOf(tokens)).toEqual(['degraded', 'stale'])
    expect(await tokens.getToken()).toBe(first)
    pass(60)
    expect(stateOf(tokens)).toEqual(['degraded', 'due'])
    issuer.heal('token')
    expect(await tokens.getToken()).toBe(first)
    await until(() => stateOf(tokens)[0] === 'ok')
    await nextTurn()
    expect(stateOf(tokens)).toEqual(['ok', 'fresh'])
    expect(await tokens.getToken()).not.toBe(first)
  })
})
