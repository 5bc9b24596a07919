import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import { clerk, type DecisionEvent, type DecisionObserver } from '../../src/index.js'
import { bearer, testBed, type TestBed } from '../support/test-bed.js'
import { request, WHO } from './support.js'

const DURATION = { durationMs: expect.any(Number) as number }

function fingerprint(token: string): string {
  return createHash('sha256').update(token).digest('hex').slice(0, 16)
}

/** The event of a verified token. */
function about({ issuer }: TestBed, token: string, more: Partial<DecisionEvent>): unknown {
  const who = { clientId: 'billing', subject: 'service-7', tokenId: 'token-1' }
  return {
    issuer: issuer.url,
    provider: 'oauth',
    ...who,
    fingerprint: fingerprint(token),
    method: 'GET',
    path: '/orders',
    mode: 'enforce',
    stage: 'guard',
    ...DURATION,
    ...more,
  }
}

describe('the event of a decision', () => {
  it('a JWT: verified locally, then cached, then confirmed', async () => {
    const bed = await testBed()
    const token = bed.jwt(WHO)
    await bed.verifier.authorize(request(token))
    await bed.verifier.authorize(request(token))
    await bed.verifier.authorize(request(token), { confirmAfter: 0 })
    const accepted = { outcome: 'accepted', format: 'jwt' } as const
    expect(bed.events).toEqual([
      about(bed, token, { ...accepted, source: 'local' }),
      about(bed, token, { ...accepted, source: 'cache' }),
      about(bed, token, { ...accepted, source: 'remote' }),
    ])
  })

  it('an opaque token: introspected, then cached', async () => {
    const bed = await testBed()
    const token = bed.issuer.mintOpaque(WHO)
    await bed.verifier.authorize(request(token))
    await bed.verifier.authorize(request(token))
    const accepted = { outcome: 'accepted', format: 'opaque' } as const
    expect(bed.events).toEqual([
      about(bed, token, { ...accepted, source: 'remote' }),
      about(bed, token, { ...accepted, source: 'cache' }),
    ])
  })

  it('a valid token without a required scope', async () => {
    const bed = await testBed()
    const token = bed.jwt(WHO)
    await bed.verifier.authorize(request(token), { scopes: 'b' })
    expect(bed.events).toEqual([
      about(bed, token, {
        outcome: 'refused',
        reason: 'scope_insufficient',
        detail: 'the token lacks "b"; it has ["a"], and the policies require "b"',
        required: ['b'],
        format: 'jwt',
        source: 'local',
      }),
    ])
  })

  it('a token that was not verified: no claim of it', async () => {
    const bed = await testBed()
    const forged = `${bed.jwt(WHO).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`
    await bed.verifier.authorize(request(forged))
    await bed.verifier.authorize(request('made-up'))
    const rest = { method: 'GET', path: '/orders', mode: 'enforce', stage: 'guard', ...DURATION }
    expect(bed.events).toEqual([
      {
        outcome: 'refused',
        reason: 'signature_invalid',
        detail: expect.stringMatching(
          /^the key ".+" \(alg "ES256"\) does not verify the signature$/,
        ) as string,
        issuer: bed.issuer.url,
        source: 'local',
        fingerprint: fingerprint(forged),
        ...rest,
      },
      {
        outcome: 'refused',
        reason: 'token_inactive',
        detail: 'the introspection response is active: false',
        issuer: bed.issuer.url,
        source: 'remote',
        fingerprint: fingerprint('made-up'),
        ...rest,
      },
    ])
  })

  it('a token that could not be checked', async () => {
    const bed = await testBed()
    const [signed, opaque] = [bed.jwt(), bed.issuer.mintOpaque()]
    bed.issuer.fail('all', 500)
    await bed.verifier.authorize(request(signed))
    await bed.verifier.authorize(request(opaque))
    expect(bed.events.map(({ outcome, reason, issuer }) => ({ outcome, reason, issuer }))).toEqual([
      { outcome: 'undecidable', reason: 'keys_unavailable', issuer: bed.issuer.url },
      { outcome: 'undecidable', reason: 'issuer_unavailable', issuer: bed.issuer.url },
    ])
  })

  it('a request without a token, and a token without a request', async () => {
    const bed = await testBed()
    await bed.verifier.authorize({ method: 'POST', url: '/', headers: {} })
    const token = bed.jwt(WHO)
    await bed.verifier.verify(token)
    expect(bed.events[0]).toEqual({
      outcome: 'refused',
      reason: 'token_missing',
      detail: 'the request has no Authorization header',
      method: 'POST',
      path: '/',
      mode: 'enforce',
      stage: 'guard',
      ...DURATION,
    })
    expect(bed.events[1]).not.toHaveProperty('method')
    expect(bed.events[1]).not.toHaveProperty('path')
  })

  it('names a Clerk token by its issuer and provider', async () => {
    const bed = await testBed({ issuers: (by) => [clerk(by.clerk())] })
    await bed.verifier.verify(bed.issuer.mintOpaque({ provider: 'clerk' }))
    expect(bed.events[0]).toMatchObject({
      issuer: bed.issuer.endpoints.clerk,
      provider: 'clerk',
      clientId: bed.issuer.clerkMachines.sender.id,
    })
  })

  it('contains the duration in milliseconds', async () => {
    const { events, jwt, verifier } = await testBed()
    await verifier.verify(jwt())
    expect(Number.isFinite(events[0]!.durationMs)).toBe(true)
    expect(events[0]!.durationMs).toBeGreaterThan(0)
  })
})

it('the reported mode is that of the guard', async () => {
  const { events, verifier } = await testBed()
  const enforcing = guard(verifier, {})
  const reporting = guard(verifier, {}, { mode: 'report' })
  await enforcing(new Request('https://api.test/orders'))
  await reporting(new Request('https://api.test/orders'))
  const refused = { outcome: 'refused', reason: 'token_missing' }
  expect(events).toMatchObject([
    { ...refused, mode: 'enforce' },
    { ...refused, mode: 'report' },
  ])
})

describe('an observer that fails has no effect', () => {
  it.each<[string, DecisionObserver]>([
    [
      'it throws',
      () => {
        throw new Error('observer')
      },
    ],
    ['it rejects', () => Promise.reject(new Error('observer'))],
    ['its promise never settles', () => new Promise(() => undefined)],
    [
      'it tries to change the event',
      (event) => void Object.assign(event, { outcome: 'accepted', reason: undefined }),
    ],
  ])('%s', async (_, onDecision) => {
    const { jwt, outcome, verifier } = await testBed({ onDecision })
    const token = jwt({ scopes: 'a' })
    expect(await outcome(token)).toBe('accepted')
    expect(await outcome(token, { scopes: 'b' })).toBe('scope_insufficient')
    expect((await verifier.authorize(bearer(token))).outcome).toBe('accepted')
    expect((await verifier.authorize({ headers: {} })).outcome).toBe('refused')
  })
})

describe('an event contains no token', () => {
  it('neither the token nor a part of it is in any event', async () => {
    const { events, issuer, jwt, verifier } = await testBed()
    const [signed, opaque] = [jwt(), issuer.mintOpaque()]
    const sent = [signed, opaque, 'made-up-token', `${signed}x`, `${signed}.${signed}`]
    for (const token of sent) await verifier.authorize({ url: `/?access_token=${token}`, ...bearer(token) })
    const text = JSON.stringify(events)
    expect(events).toHaveLength(sent.length)
    for (const part of [...sent, ...signed.split('.')]) expect(text).not.toContain(part)
  })
})
