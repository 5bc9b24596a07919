import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, Refusal, type DecisionEvent } from '../../src/index.js'
import { NOW } from '../support/clock.js'
import { manualClock } from '../support/clock.js'
import { outcomeOf, refusalOf } from '../support/outcomes.js'
import { bearer } from '../support/test-bed.js'
import { collectWarnings } from '../support/warnings.js'
import {
  type Case,
  CASES,
  ENDPOINT,
  jwt,
  KEY,
  OPAQUE,
  plain,
  TENANTS,
  type Wrap,
} from './failing-functions.js'

const SECRET = 'postgres://guard:hunter2@db'

/** Fails until it is repaired, with an error whose message has a secret. */
interface Broken {
  isBroken: boolean
  calls: number
}

/** A verifier of a case, whose function fails until it is repaired, and all warnings of the process. */
function bed(one: Case, onDecision?: (event: DecisionEvent) => void) {
  const clock = manualClock()
  const state: Broken = { isBroken: true, calls: 0 }
  const wrap: Wrap = (works) =>
    ((...args: never[]) => {
      state.calls += 1
      if (state.isBroken) throw new TypeError(SECRET)
      return (works as (...args: never[]) => unknown)(...args)
    }) as never
  const fetch = ((url: unknown) =>
    Promise.resolve(
      Response.json(
        String(url).endsWith('/keys')
          ? { keys: [KEY.jwk] }
          : { active: true, sub: 'billing', client_id: 'billing', aud: 'orders', exp: NOW + 3600 },
      ),
    )) as typeof globalThis.fetch
  const warnings = collectWarnings()
  const issuers = [one.issuers(wrap, fetch)]
  const verifier = createVerifier({ issuers, clock: clock.read, ...(onDecision && { onDecision }) })
  onTestFinished(() => verifier.close())
  const policy = one.policy?.(wrap)
  return { ...clock, state, warnings, verifier, policy, token: one.token ?? jwt() }
}

describe.each(Object.entries(CASES))('a function of the application that throws: %s', (_, one) => {
  it('refuses the request as documented, and names the failure without the message of the error', async () => {
    const { verifier, token, policy, warnings } = bed(one)
    const refusal = await refusalOf(verifier.verify(token, policy))
    expect({ reason: refusal.reason, status: refusal.status }).toEqual({
      reason: one.reason,
      status: one.status,
    })
    expect(refusal.detail).toMatch(one.detail)
    expect(`${refusal.detail}${JSON.stringify(refusal)}${warnings.join()}`).not.toContain(SECRET)
    const { cause } = refusal
    expect(cause instanceof Error && cause.message === SECRET).toBe(one.hasCause === true)
  })

  it('is not cached: the next request after the repair and the pauses passes', async () => {
    const { verifier, token, policy, state, pass } = bed(one)
    expect(await outcomeOf(verifier.verify(token, policy))).toBe(one.reason)
    state.isBroken = false
    pass(70)
    expect(await outcomeOf(verifier.verify(token, policy))).toBe('accepted')
  })

  it('is reported: by the event of each request, or by one process warning without an observer', async () => {
    const events: DecisionEvent[] = []
    const observed = bed(one, (event) => void events.push(event))
    await observed.verifier.authorize(bearer(observed.token), observed.policy)
    expect(events).toMatchObject([
      { reason: one.reason, detail: expect.stringMatching(one.detail) as string },
    ])
    expect(JSON.stringify(events)).not.toContain(SECRET)

    const { verifier, token, policy, warnings } = bed(one)
    for (const _ of [1, 2, 3]) await outcomeOf(verifier.verify(token, policy))
    expect(warnings).toHaveLength(one.isWarned === false ? 0 : 1)
    expect(warnings.join()).not.toContain(SECRET)
  })
})

describe('a warning about a function that throws', () => {
  it('names the issuer and the function', async () => {
    const { verifier, token, warnings } = bed(CASES['tenants']!)
    await outcomeOf(verifier.verify(token))
    expect(warnings).toEqual([
      `M2M_GUARD_FUNCTION_FAILURE: ${TENANTS}: tenants failed, so that tokens get 503. The detail of the refusal names the ` +
        'error. Set onDecision to be notified in place of this warning',
    ])
  })

  it('is not caused by explain()', async () => {
    const { verifier, token, warnings } = bed(CASES['tenants']!)
    expect(await verifier.explain(token)).toMatchObject({ outcome: 'undecidable' })
    expect(warnings).toEqual([])
  })
})

it('a function of clientCertificate that throws refuses the request like one of a secret', async () => {
  const issuer = plain({
    keys: false,
    introspection: {
      endpoint: ENDPOINT,
      clientId: 'orders',
      authentication: 'tls_client_auth',
      clientCertificate: () => {
        throw new TypeError(SECRET)
      },
    },
  })
  const verifier = createVerifier({
    issuers: [issuer],
    clock: manualClock().read,
    onDecision: () => undefined,
  })
  onTestFinished(() => verifier.close())
  const refusal = await refusalOf(verifier.verify(OPAQUE))
  expect(refusal).toMatchObject({ reason: 'issuer_refused_us', status: 503 })
  expect(refusal.detail).toContain('oauth.introspection.clientCertificate: the function')
  expect(refusal.detail).not.toContain(SECRET)
})

it('a Refusal that the tenants function throws is used as it is', async () => {
  const issuer = plain({
    issuer: TENANTS,
    jwks: { keys: [KEY.jwk] },
    tenants: () => {
      throw new Refusal('token_revoked')
    },
  })
  const verifier = createVerifier({ issuers: [issuer], clock: manualClock().read })
  onTestFinished(() => verifier.close())
  expect(await outcomeOf(verifier.verify(jwt({ iss: 'https://issuer.test/acme' })))).toBe('token_revoked')
})
