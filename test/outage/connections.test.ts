import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { expireDeadlines, runningDeadlines } from '../support/setup/deadlines.js'
import { startTcpProxy, type TcpProxy } from '../support/servers/tcp-proxy.js'
import { outageBed, undecidable, until } from './support.js'
import { answerTo } from '../support/outcomes.js'
import { nextTurn } from '../support/until.js'
import type { TestBed } from '../support/test-bed.js'

interface Proxied extends TestBed {
  readonly proxy: TcpProxy
}

/** Requests for keys and introspection go through a proxy, which can break connections in ways that a server cannot. */
async function proxied(): Promise<Proxied> {
  const proxies: TcpProxy[] = []
  const start = async (target: string): Promise<TcpProxy> => {
    const proxy = await startTcpProxy(target)
    proxies.push(proxy)
    onTestFinished(() => proxy.close())
    return proxy
  }
  const behind = await outageBed()
  const proxy = await start(behind.issuer.url)
  const { clientId, clientSecret } = behind.issuer.client
  const verifier = createVerifier({
    clock: behind.clock,
    issuers: [
      oauth(
        behind.issuer.oauth({
          jwksUri: `${proxy.url}/jwks`,
          introspection: { clientId, clientSecret, endpoint: `${proxy.url}/introspect` },
        }),
      ),
    ],
  })
  return {
    ...behind,
    proxy,
    verifier,
    answer: (token, policy) => answerTo(verifier, token, policy),
    health: () => verifier.health().issuers[0]!,
  }
}

describe('keys behind a connection that', () => {
  it('F1 is refused: one attempt, undecidable, and accepted again after the backoff', async () => {
    const { proxy, jwt, answer, pass, health, issuer } = await proxied()
    await proxy.refuse()
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(health().keys?.failure).toBe('no response (ECONNREFUSED)')
    await proxy.accept()
    pass(1)
    expect((await answer(jwt())).status).toBe(200)
    expect(issuer.calls.jwks).toBe(1)
  })

  it.each([
    ['F1 is reset', 'reset'],
    ['F7 breaks off within the response', { cutAfter: 200 }],
  ] as const)('%s: one attempt, undecidable, and well again after the pause', async (_, how) => {
    const { proxy, jwt, answer, pass } = await proxied()
    proxy.behave(how)
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(await answer(jwt())).toEqual(undecidable('keys_unavailable', 1))
    expect(proxy.connections).toBe(1)
    proxy.behave('pass')
    pass(1)
    expect((await answer(jwt())).status).toBe(200)
  })

  it('F7 never responds: aborted at the deadline, and its socket is closed', async () => {
    const { proxy, jwt, answer } = await proxied()
    proxy.behave('blackHole')
    const asked = answer(jwt())
    await proxy.arrived(1)
    expect(runningDeadlines()).toEqual([3])
    expireDeadlines()
    expect(await asked).toEqual(undecidable('keys_unavailable', 1))
    await proxy.idle()
    expect(proxy.connections).toBe(1)
  })

  it('F28 was kept alive and is reset when it is reused: no request is affected', async () => {
    const { proxy, jwt, answer, pass, health } = await proxied()
    proxy.behave('resetOnReuse')
    const token = jwt()
    await answer(token)
    // Node releases the connection in a `nextTick` after the end of the response: no event of the network decides it.
    await nextTurn()
    pass(600)
    expect((await answer(token)).status).toBe(200)
    await until(() => proxy.reused === 1)
    pass(1)
    expect((await answer(token)).status).toBe(200)
    await until(() => health().status === 'ok' && health().keys?.age === 0)
  })
})

describe('introspection over a connection that', () => {
  it.each([
    ['F29 is reset', 'reset'],
    ['F29 breaks off within the response', { cutAfter: 180 }],
  ] as const)('%s: retried once, then undecidable, and nothing is cached', async (_, how) => {
    const { proxy, opaque, answer, issuer } = await proxied()
    const token = opaque()
    proxy.behave(how)
    expect(await answer(token)).toEqual(undecidable('issuer_unavailable', 1))
    expect(proxy.connections).toBe(2)
    proxy.behave('pass')
    expect((await answer(token)).status).toBe(200)
    expect(issuer.calls.introspection).toBe(how === 'reset' ? 1 : 3)
  })

  it('F29 is refused: undecidable, and accepted immediately when it no longer is', async () => {
    const { proxy, opaque, answer, health } = await proxied()
    await proxy.refuse()
    const token = opaque()
    expect(await answer(token)).toEqual(undecidable('issuer_unavailable', 1))
    expect(health().remote).toMatchObject({
      status: 'down',
      breaker: 'closed',
      failure: 'no response (ECONNREFUSED)',
    })
    await proxy.accept()
    expect((await answer(token)).status).toBe(200)
    expect(health().remote?.status).toBe('ok')
  })

  it('F29 never responds: aborted at the deadline without a second attempt, and its socket is closed', async () => {
    const { proxy, opaque, answer } = await proxied()
    proxy.behave('blackHole')
    const asked = answer(opaque())
    await proxy.arrived(1)
    expect(runningDeadlines()).toEqual([3])
    expireDeadlines()
    expect(await asked).toEqual(undecidable('issuer_unavailable', 1))
    await proxy.idle()
    expect(proxy.connections).toBe(1)
  })

  it('F28 was kept alive and is reset when it is reused: retried once over another, and accepted', async () => {
    const { proxy, opaque, answer, issuer } = await proxied()
    proxy.behave('resetOnReuse')
    expect((await answer(opaque())).status).toBe(200)
    expect((await answer(opaque())).status).toBe(200)
    expect(issuer.calls.introspection).toBe(2)
    expect(proxy.connections).toBe(2)
  })

  it('F7 breaks off 500 times leaves no socket open', async () => {
    const { proxy, opaque, answer, pass } = await proxied()
    proxy.behave({ cutAfter: 20 })
    for (let round = 0; round < 100; round += 1) {
      await Promise.all(Array.from({ length: 5 }, () => answer(opaque())))
      pass(6)
    }
    await proxy.idle()
    expect(proxy.connections).toBeGreaterThan(100)
    expect(proxy.open).toBe(0)
  })
})
