import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createVerifier, oauth, type DecisionEvent, type Verifier } from '../../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { APPLICATIONS, ask, request, serve, write, type Running } from './support.js'

/** The documented maximum of calls in flight per issuer. */
const MOST_QUESTIONS = 64

let issuer: TestIssuer
let verifier: Verifier
let events: DecisionEvent[]
beforeEach(async () => {
  events = []
  issuer = await createTestIssuer()
  verifier = createVerifier({
    issuers: [oauth(issuer.oauth())],
    onDecision: (event) => void events.push(event),
  })
})
afterEach(() => issuer.close())

const bearing = (token: string): string => request(`Authorization: Bearer ${token}`)
const tokens = (count: number): readonly string[] => Array.from({ length: count }, () => issuer.mintOpaque())

describe.each(APPLICATIONS)('$name', ({ make }) => {
  let running: Running
  beforeEach(async () => {
    running = await serve(make, verifier)
  })
  afterEach(() => running.close())

  test('callers that disconnect during introspection do not reduce the number of calls possible afterwards', async () => {
    await verifier.ready()
    const gate = issuer.gate('introspection')
    const wires = tokens(200).map((token) => ({ ...write(running.port, bearing(token)), answered: 0 }))
    let refused = 0
    // Requests beyond the limit are refused immediately. The gate holds the others.
    await new Promise<void>((resolve) => {
      for (const wire of wires) {
        void wire.status.then((status) => {
          wire.answered = status
          refused += 1
          if (refused === wires.length - MOST_QUESTIONS) resolve()
        })
      }
    })
    const held = wires.filter(({ answered }) => answered === 0)
    expect(held).toHaveLength(MOST_QUESTIONS)
    const [leaving, staying] = [held.slice(0, 40), held.slice(40)]
    for (const { socket } of leaving) socket.destroy()
    await running.ended(leaving.length)
    gate.release()
    expect(await Promise.all(staying.map(({ status }) => status))).toEqual(staying.map(() => 200))
    // All callers of the held calls have disconnected.
    expect(running.handled()).toBe(staying.length)
    for (const { socket } of wires) socket.destroy()

    const next = await Promise.all(tokens(MOST_QUESTIONS).map((token) => ask(running.port, bearing(token))))
    expect(next).toEqual(next.map(() => 200))
    expect(verifier.health().status).toBe('ok')
  })

  test('callers that disconnect during the first fetch of the keys do not abort it', async () => {
    const gate = issuer.gate('jwks')
    const token = issuer.mintJwt()
    const wires = Array.from({ length: 100 }, () => write(running.port, bearing(token)))
    await gate.waiting
    for (const { socket } of wires) socket.destroy()
    await running.ended(wires.length)
    const next = ask(running.port, bearing(token))
    gate.release()
    expect(await next).toBe(200)
    expect(issuer.calls.jwks).toBe(1)
  })

  test('a call whose callers have all disconnected completes, and its result is cached', async () => {
    await verifier.ready()
    const gate = issuer.gate('introspection')
    const [token] = tokens(1)
    const wires = Array.from({ length: 20 }, () => write(running.port, bearing(token!)))
    await gate.waiting
    for (const { socket } of wires) socket.destroy()
    await running.ended(wires.length)
    gate.release()
    expect(await ask(running.port, bearing(token!))).toBe(200)
    expect(issuer.calls.introspection).toBe(1)
  })

  test('requests truncated at any byte do not reach the handler, and the next request passes', async () => {
    await verifier.ready()
    const token = issuer.mintJwt({ algorithm: 'ES256' })
    const text = bearing(token)
    const cuts = Array.from({ length: 120 }, (_, index) => Math.floor((index * text.length) / 120))
    const wires = cuts.map((length) => write(running.port, text.slice(0, length)))
    for (const { socket } of wires) socket.end()
    await running.ended(wires.length)
    expect(running.handled()).toBe(0)
    expect(events).toEqual([])
    expect(await ask(running.port, bearing(token))).toBe(200)
  })

  test('a connection that disconnects right after many pipelined requests does not affect others', async () => {
    await verifier.ready()
    const gate = issuer.gate('introspection')
    const wire = write(running.port, tokens(100).map(bearing).join(''))
    await gate.waiting
    wire.socket.destroy()
    await running.ended(1)
    gate.release()
    const next = await Promise.all(tokens(20).map((token) => ask(running.port, bearing(token))))
    expect(next).toEqual(next.map(() => 200))
  })
})
