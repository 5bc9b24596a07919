import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { TokenSourceEvent } from '../../src/client/index.js'
import { CHANNELS } from '../../src/index.js'
import { clientBed } from '../support/client.js'

describe('the events of a token source', () => {
  it('say why each token was requested', async () => {
    const { source, pass } = await clientBed()
    const events: TokenSourceEvent[] = []
    const tokens = source({ onEvent: (event) => events.push(event), renewal: 'blocking' })
    const token = await tokens.getToken()
    pass(3500)
    await tokens.getToken()
    await tokens.refresh()
    tokens.forget(await tokens.getToken())
    await tokens.getToken()
    pass(4000)
    await tokens.getToken()
    const obtained = events.filter(({ kind }) => kind === 'token_obtained')
    expect(obtained.map(({ trigger }) => trigger)).toEqual(['absent', 'due', 'refresh', 'refused', 'absent'])
    expect(JSON.stringify(events)).not.toContain(token)
  })

  it('reach observers that are added later, until they are removed', async () => {
    const { source } = await clientBed()
    const seen: string[] = []
    const tokens = source({ onEvent: () => seen.push('option') })
    const stop = tokens.observe({ onEvent: () => seen.push('added') })
    tokens.observe({
      onEvent: () => {
        throw new Error('observer')
      },
    })
    tokens.observe({})()
    await tokens.getToken()
    stop()
    stop()
    await tokens.refresh()
    expect(seen).toEqual(['option', 'added', 'option'])
    expect(() => tokens.observe({ onEvent: 'x' as never })).toThrow('observe.onEvent')
  })

  it('are published on a channel while it has subscribers, frozen and without the token', async () => {
    const { source } = await clientBed()
    const messages: unknown[] = []
    const subscriber = (message: unknown): void => void messages.push(message)
    const tokens = source()
    await tokens.getToken()
    subscribe(CHANNELS.token, subscriber)
    onTestFinished(() => void unsubscribe(CHANNELS.token, subscriber))
    const token = await tokens.refresh()
    expect(messages).toMatchObject([{ kind: 'token_obtained', source: 'tokenSource', trigger: 'refresh' }])
    expect(Object.isFrozen(messages[0])).toBe(true)
    expect(JSON.stringify(messages)).not.toContain(token)
    unsubscribe(CHANNELS.token, subscriber)
    await tokens.refresh()
    expect(messages).toHaveLength(1)
    expect(channel(CHANNELS.token).hasSubscribers).toBe(false)
  })
})
