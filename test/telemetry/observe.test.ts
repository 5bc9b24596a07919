import { describe, expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { ConfigurationError, type DecisionEvent, type IssuerEvent, type Observer } from '../../src/index.js'
import { bearer, testBed } from '../support/test-bed.js'

const SILENT = { onDecision: undefined, onIssuerEvent: undefined } as const

/** A bed whose verifier has no observer of its own. */
const silentBed = () => testBed(SILENT as unknown as object)

function recorder(): {
  readonly observer: Observer
  readonly decisions: DecisionEvent[]
  readonly changes: IssuerEvent[]
} {
  const decisions: DecisionEvent[] = []
  const changes: IssuerEvent[] = []
  const observer = {
    onDecision: (event: DecisionEvent) => decisions.push(event),
    onIssuerEvent: (event: IssuerEvent) => changes.push(event),
  }
  return { observer, decisions, changes }
}

describe('verifier.observe()', () => {
  it('delivers decisions and changes at issuers, until the returned function is called', async () => {
    const { verifier, outcome, jwt, issuer } = await silentBed()
    const { observer, decisions, changes } = recorder()
    const stop = verifier.observe(observer)
    issuer.fail('jwks', 503)
    expect(await outcome(jwt())).toBe('keys_unavailable')
    expect(decisions.map(({ reason }) => reason)).toEqual(['keys_unavailable'])
    expect(changes.map(({ kind }) => kind)).toEqual(['keys_failing'])
    stop()
    stop()
    await outcome(jwt())
    expect(decisions).toHaveLength(1)
  })

  it('calls observers of the options first, then those that were added, in their order', async () => {
    const order: string[] = []
    const { verifier, outcome, jwt } = await testBed({ onDecision: () => order.push('option') })
    verifier.observe({ onDecision: () => order.push('first') })
    verifier.observe({ onDecision: () => order.push('second') })
    await outcome(jwt())
    expect(order).toEqual(['option', 'first', 'second'])
  })

  it('delivers one frozen object to all observers', async () => {
    const { verifier, jwt, events } = await testBed()
    const { observer, decisions } = recorder()
    verifier.observe(observer)
    await verifier.authorize(bearer(jwt()), { scopes: 'orders:read' })
    expect(decisions[0]).toBe(events[0])
    expect(Object.isFrozen(decisions[0])).toBe(true)
    expect(Object.isFrozen(decisions[0]!.required)).toBe(true)
  })

  it('an observer that is added twice is called twice, and each addition is removed separately', async () => {
    const { verifier, outcome, jwt } = await silentBed()
    const { observer, decisions } = recorder()
    const stops = [verifier.observe(observer), verifier.observe(observer)]
    await outcome(jwt())
    expect(decisions).toHaveLength(2)
    stops[0]!()
    await outcome(jwt())
    expect(decisions).toHaveLength(3)
  })

  it('ignores what observers throw and reject', async () => {
    const { verifier, outcome, jwt } = await silentBed()
    const fail = () => {
      throw new Error('an observer')
    }
    const reject = () => Promise.reject(new Error('an observer'))
    verifier.observe({ onDecision: fail, onIssuerEvent: fail, onIssuerCall: fail })
    verifier.observe({ onDecision: reject, onIssuerEvent: reject, onIssuerCall: reject as never })
    verifier.observe({ onIssuerCall: () => ({ run: fail, end: fail }) })
    const { observer, decisions } = recorder()
    verifier.observe(observer)
    expect(await outcome(jwt())).toBe('accepted')
    expect(decisions).toHaveLength(1)
  })

  it('an observer that is removed during an event is not called for it any more', async () => {
    const { verifier, outcome, jwt } = await silentBed()
    const { observer, decisions } = recorder()
    const stops: (() => void)[] = []
    verifier.observe({ onDecision: () => stops[0]!() })
    stops.push(verifier.observe(observer))
    await outcome(jwt())
    expect(decisions).toEqual([])
  })

  it('an observer that is added during an event is called from the next one on', async () => {
    const { verifier, outcome, jwt } = await silentBed()
    const { observer, decisions } = recorder()
    const stop = verifier.observe({
      onDecision: () => {
        verifier.observe(observer)
        stop()
      },
    })
    await outcome(jwt())
    expect(decisions).toEqual([])
    await outcome(jwt())
    expect(decisions).toHaveLength(1)
  })

  it('an observer that is added during a decision is called for later ones, with their real duration', async () => {
    const { verifier, jwt } = await silentBed()
    const { observer, decisions } = recorder()
    const pending = verifier.authorize(bearer(jwt()))
    verifier.observe(observer)
    await pending
    expect(decisions).toEqual([])
    await verifier.authorize(bearer(jwt()))
    expect(decisions).toHaveLength(1)
    expect(decisions[0]!.durationMs).toSatisfy(Number.isFinite)
  })

  it('sees the decisions of guards', async () => {
    const { verifier, jwt } = await silentBed()
    const { observer, decisions } = recorder()
    verifier.observe(observer)
    await guard(verifier)(new Request('http://localhost/orders', bearer(jwt())))
    expect(decisions).toMatchObject([{ stage: 'guard', path: '/orders' }])
  })

  it.each([
    ['a misspelled name', { onDecisions: () => undefined }, 'observe.onDecisions'],
    ['a value that is not a function', { onDecision: 'log' }, 'observe.onDecision'],
    ['a missing observer', undefined, 'observe'],
  ])('refuses %s with a ConfigurationError that names it', async (_, observer, option) => {
    const { verifier } = await silentBed()
    const add = () => verifier.observe(observer as never)
    expect(add).toThrow(ConfigurationError)
    expect(add).toThrow(option)
  })
})

describe('process warnings about issuers', () => {
  it('stay while observe() adds observers of decisions only, and end with one of changes at issuers', async () => {
    const { verifier, outcome, jwt, issuer, pass } = await silentBed()
    const warnings: unknown[] = []
    // Another package, or the test file before, may emit a warning meanwhile.
    const listen = ({ code = '' }: Error & { code?: string }) => {
      if (code.startsWith('M2M_GUARD_')) warnings.push(code)
    }
    process.on('warning', listen)
    try {
      verifier.observe({ onDecision: () => undefined })
      const stop = verifier.observe({ onIssuerEvent: () => undefined })
      issuer.fail('jwks', 503)
      await outcome(jwt())
      await new Promise(setImmediate)
      expect(warnings).toEqual([])
      stop()
      issuer.heal()
      pass(60)
      await outcome(jwt())
      issuer.fail('jwks', 503)
      pass(7200)
      await outcome(jwt())
      await new Promise(setImmediate)
      expect(warnings).toEqual(['M2M_GUARD_ISSUER_FAILURE'])
    } finally {
      process.off('warning', listen)
    }
  })
})
