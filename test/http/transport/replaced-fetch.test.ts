import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { OK, open, rawServer, send } from './support.js'

describe('F57 a tool that replaces fetch or the dispatcher of the process', () => {
  // The version of undici decides which symbol is read.
  const DISPATCHERS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) =>
    Symbol.for(name),
  )

  it('is used if it has replaced the global fetch', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('mocked')))
    onTestFinished(() => void vi.unstubAllGlobals())
    expect((await send(open(), { url: 'https://auth.test/' })).text).toBe('mocked')
  })

  it.each([
    ['ProxyAgent', true],
    ['MockAgent', true],
    ['EnvHttpProxyAgent', true],
    ['Agent', false],
  ])('is heeded where it has set a dispatcher of undici: %s, %s', async (name, isHeeded) => {
    const { url } = await rawServer(({ socket }) => socket.write(OK))
    await fetch(url)
    const used = DISPATCHERS.filter((symbol) => Reflect.has(globalThis, symbol))
    const originals = used.map((symbol) => Reflect.get(globalThis, symbol) as object)
    const dispatcher = Object.assign(Object.create({ constructor: { name } }) as object, {
      dispatch: () => {
        throw Object.assign(new Error('dispatched'), { code: 'DISPATCHED' })
      },
    })
    for (const symbol of used) Reflect.set(globalThis, symbol, dispatcher)
    onTestFinished(() => {
      used.forEach((symbol, index) => Reflect.set(globalThis, symbol, originals[index]))
    })
    const sent = send(open(), { url })
    await (isHeeded
      ? expect(sent).rejects.toThrow('DISPATCHED')
      : expect(sent).resolves.toMatchObject({ text: 'ok' }))
  })
})
