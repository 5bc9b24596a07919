import { subscribe, unsubscribe, channel } from 'node:diagnostics_channel'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CHANNELS, type ChannelMessages } from '../../src/index.js'
import { bundleProgram } from '../support/processes/bundle.js'
import { bearer, testBed } from '../support/test-bed.js'

function listen<Name extends keyof ChannelMessages>(name: Name): ChannelMessages[Name][] {
  const messages: ChannelMessages[Name][] = []
  const listener = (message: unknown) => messages.push(message as ChannelMessages[Name])
  subscribe(name, listener)
  onTestFinished(() => void unsubscribe(name, listener))
  return messages
}

describe('the channels of node:diagnostics_channel', () => {
  it('are named by CHANNELS', () => {
    expect(CHANNELS).toEqual({
      decision: 'm2m-guard:decision',
      issuer: 'm2m-guard:issuer',
      revocation: 'm2m-guard:revocation',
      token: 'm2m-guard:token',
    })
    expect(Object.isFrozen(CHANNELS)).toBe(true)
  })

  it('carry the same frozen objects as the callbacks', async () => {
    const { outcome, jwt, issuer, events, issuerEvents } = await testBed()
    const decisions = listen(CHANNELS.decision)
    const changes = listen(CHANNELS.issuer)
    issuer.fail('jwks', 503)
    await outcome(jwt())
    expect(events).toHaveLength(1)
    expect(issuerEvents).toHaveLength(1)
    expect(decisions[0]).toBe(events[0])
    expect(changes[0]).toBe(issuerEvents[0])
    expect([decisions[0], changes[0]].every(Object.isFrozen)).toBe(true)
  })

  it('carry the events of a verifier without observers, with their duration', async () => {
    const { verifier, jwt } = await testBed({ onDecision: undefined, onIssuerEvent: undefined } as object)
    const decisions = listen(CHANNELS.decision)
    await verifier.authorize({ method: 'GET', url: '/orders?q=1', ...bearer(jwt()) })
    expect(decisions).toMatchObject([{ outcome: 'accepted', path: '/orders', stage: 'guard' }])
    expect(decisions[0]!.durationMs).toBeGreaterThan(0)
  })

  it('never contain the token', async () => {
    const { verifier, jwt } = await testBed()
    const decisions = listen(CHANNELS.decision)
    const token = jwt()
    for (const url of ['/orders', `/orders/${token}`, `/orders?access_token=${token}`]) {
      await verifier.authorize({ method: 'GET', url, ...bearer(token) }, { scopes: 'missing' })
    }
    const printed = JSON.stringify(decisions)
    expect(decisions).toHaveLength(3)
    for (const part of token.split('.')) expect(printed).not.toContain(part)
  })

  it('create no event without subscribers', async () => {
    const { verifier, jwt } = await testBed({ onDecision: undefined, onIssuerEvent: undefined } as object)
    const isRead: string[] = []
    const request = {
      ...bearer(jwt()),
      get method() {
        isRead.push('method')
        return 'GET'
      },
    }
    expect(channel(CHANNELS.decision).hasSubscribers).toBe(false)
    await verifier.authorize(request)
    expect(isRead).toEqual([])
    listen(CHANNELS.decision)
    await verifier.authorize(request)
    expect(isRead).toEqual(['method'])
  })

  it('rethrow the error of a subscriber as an uncaught exception, after the decision', async () => {
    const program = bundleProgram(new URL('./throwing-subscriber.ts', import.meta.url))
    const child = fork(program, { silent: true })
    const messages: unknown[] = []
    child.on('message', (message) => messages.push(message))
    await once(child, 'exit')
    expect(messages).toEqual(['refused', 'uncaught: a subscriber'])
  })
})
