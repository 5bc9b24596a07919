import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { guard } from '../../adapters/fetch.js'
import {
  clerk,
  ConfigurationError,
  createVerifier,
  memoryRevocations,
  oauth,
  type Issuer,
  type RevocationTarget,
  type Verifier,
} from '../../src/index.js'
import { NOW, START } from '../support/clock.js'
import { keyOf, seal } from '../support/tokens/forge.js'
import { failureOf, outcomeOf } from '../support/outcomes.js'
import { bearer, LONG_LIVED, testBed, type TestBed, type TestBedOptions } from '../support/test-bed.js'

const bedWith = (options: TestBedOptions = {}): Promise<TestBed> =>
  testBed({ revocations: memoryRevocations(), mint: LONG_LIVED, ...options })

const CLIENT = 'billing'

describe('a revoked token is refused with 401 token_revoked', () => {
  it.each([
    ['a JWT', (bed: TestBed) => bed.jwt()],
    [
      'a JWT without jti',
      (bed: TestBed) => bed.jwt({ claims: { jti: undefined, nonce_of_test: randomUUID() } }),
    ],
    ['an opaque token', (bed: TestBed) => bed.opaque()],
  ])('%s, cached or not, and no other token', async (_, mint) => {
    const bed = await bedWith()
    const [cached, fresh, other] = [mint(bed), mint(bed), mint(bed)]
    expect(await bed.outcome(cached)).toBe('accepted')
    for (const token of [cached, fresh]) {
      await bed.verifier.revoke({ token, reason: 'found in a log' })
      expect(await bed.answer(token)).toMatchObject({ status: 401, reason: 'token_revoked' })
      expect(await bed.answer(token)).toMatchObject({ status: 401, reason: 'token_revoked' })
    }
    expect(await bed.outcome(other)).toBe('accepted')
  })

  it('an opaque token is not introspected any more, also while its issuer is unavailable', async () => {
    const bed = await bedWith()
    const token = bed.opaque()
    bed.issuer.fail('introspection', 'reset')
    await bed.verifier.revoke({ token })
    const { introspection } = bed.issuer.calls
    expect(await bed.outcome(token)).toBe('token_revoked')
    expect(bed.issuer.calls.introspection).toBe(introspection)
  })

  it('in every spelling that its issuer accepts: another signature over the same header and payload', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ claims: { jti: undefined } })
    await bed.verifier.revoke({ token })
    expect(await bed.outcome(otherSignature(token))).toBe('token_revoked')
  })

  it.each([
    ['an id', { jti: 'x'.repeat(4097) }],
    ['a client', { client_id: 'x'.repeat(4097) }],
  ])(
    'in every process, also with %s that is longer than the names of a revocation may be',
    async (_, claims) => {
      const [bed, other] = [await bedWith(), memoryRevocations()]
      const [token, second] = [bed.jwt({ claims }), bed.opaque({ claims })]
      for (const one of [token, second]) {
        const { receipt } = await bed.verifier.revoke({ token: one })
        expect(await bed.outcome(one)).toBe('token_revoked')
        // The receipt has what a store has.
        await expect(bed.verifier.revocations!.reached(receipt, { timeout: 0 })).resolves.toBe(true)
        await expect(other.reached(receipt, { timeout: 0 })).rejects.toThrow('unknown to this process')
      }
    },
  )

  it('by token id', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ claims: { jti: 'id-1' } })
    await bed.verifier.revoke({ issuer: bed.issuer.url, tokenId: 'id-1' })
    expect(await bed.outcome(token)).toBe('token_revoked')
    expect(await bed.outcome(bed.jwt({ claims: { jti: 'id-2' } }))).toBe('accepted')
  })

  it('the event says when and why, and the response does not', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    await bed.verifier.revoke({ token, reason: 'found in a log' })
    await bed.outcome(token)
    expect(bed.events.at(-1)?.detail).toBe('the token was revoked at 2026-11-21T08:00:00Z ("found in a log")')
    const { challenge } = await bed.answer(token)
    expect(challenge).not.toContain('log')
  })
})

/** The same ECDSA signature with its second half replaced by the order of the curve minus it. */
function otherSignature(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(at), 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`)
  const changed = Buffer.concat([
    signature.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
  ])
  return token.slice(0, at) + changed.toString('base64url')
}

describe('a cutoff refuses tokens that were issued earlier, and no later ones', () => {
  it.each([
    ['a client', (bed: TestBed) => ({ issuer: bed.issuer.url, clientId: CLIENT })],
    ['a subject', (bed: TestBed) => ({ issuer: bed.issuer.url, subject: CLIENT })],
    ['an issuer', (bed: TestBed) => ({ issuer: bed.issuer.url, before: bed.now() + 1 })],
  ])('%s', async (_, targetOf) => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT, subject: CLIENT } })
    const [jwt, opaque, otherClient] = [bed.jwt(), bed.opaque(), bed.jwt({ clientId: 'b', subject: 'b' })]
    for (const token of [jwt, opaque, otherClient]) expect(await bed.outcome(token)).toBe('accepted')
    const target: RevocationTarget = targetOf(bed)
    await bed.verifier.revoke(target)
    expect(await bed.outcome(jwt)).toBe('token_revoked')
    expect(await bed.outcome(opaque)).toBe('token_revoked')
    expect(await bed.outcome(bed.jwt())).toBe('token_revoked')
    expect(await bed.outcome(otherClient)).toBe('before' in target ? 'token_revoked' : 'accepted')
    bed.pass(1)
    expect(await bed.outcome(bed.jwt())).toBe('accepted')
    expect(await bed.outcome(bed.opaque())).toBe('accepted')
    expect(await bed.outcome(jwt)).toBe('token_revoked')
  })

  it('with an earlier before, only tokens issued before it', async () => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT } })
    const [old, young] = [bed.jwt({ age: '1h' }), bed.jwt({ age: '1m' })]
    await bed.verifier.revoke({
      issuer: bed.issuer.url,
      clientId: CLIENT,
      before: new Date((bed.now() - 600) * 1000),
    })
    expect(await bed.outcome(old)).toBe('token_revoked')
    expect(await bed.outcome(young)).toBe('accepted')
  })

  it('a later revocation never lowers the time of an earlier one', async () => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT } })
    const token = bed.jwt()
    const target = { issuer: bed.issuer.url, clientId: CLIENT }
    await bed.verifier.revoke(target)
    await bed.verifier.revoke({ ...target, before: 0 })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })

  it('a token without iat is refused', async () => {
    const bed = await bedWith({ mint: { ...LONG_LIVED, clientId: CLIENT } })
    const token = bed.jwt({ claims: { iat: undefined } })
    expect(await bed.outcome(token)).toBe('accepted')
    await bed.verifier.revoke({ issuer: bed.issuer.url, clientId: CLIENT, before: 1 })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })
})

describe('the check holds', () => {
  it('at a guard behind a guard that accepted the token', async () => {
    const bed = await bedWith()
    const authorize = guard(bed.verifier, {})
    const token = bed.jwt()
    const request = new Request('https://api.test/', bearer(token))
    expect(await authorize(request)).not.toBeInstanceOf(Response)
    await bed.verifier.revoke({ token })
    expect(await authorize(request)).toMatchObject({ status: 401 })
  })

  it('in report mode, where the event has the reason', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    await bed.verifier.revoke({ token })
    await guard(bed.verifier, {}, { mode: 'report' })(new Request('https://api.test/', bearer(token)))
    expect(bed.events).toMatchObject([{ outcome: 'refused', reason: 'token_revoked', mode: 'report' }])
  })

  it('for a stale result that staleIfError allows', async () => {
    const bed = await bedWith()
    const policy = { staleIfError: '1h' } as const
    const token = bed.opaque({ claims: { jti: 'id-1' } })
    expect(await bed.outcome(token, policy)).toBe('accepted')
    bed.issuer.fail('introspection', 'reset')
    bed.pass(60)
    expect(await bed.outcome(token, policy)).toBe('accepted')
    await bed.verifier.revoke({ issuer: bed.issuer.url, tokenId: 'id-1' })
    expect(await bed.outcome(token, policy)).toBe('token_revoked')
  })

  it('with confirmAfter, without asking the issuer about a revoked token', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    const policy = { confirmAfter: 0 }
    expect(await bed.outcome(token, policy)).toBe('accepted')
    await bed.verifier.revoke({ issuer: bed.issuer.url, clientId: 'test-client' })
    await bed.verifier.revoke({ issuer: bed.issuer.url, before: bed.now() + 1 })
    const { introspection } = bed.issuer.calls
    expect(await bed.outcome(token, policy)).toBe('token_revoked')
    expect(bed.issuer.calls.introspection).toBe(introspection)
  })

  it('without a cache', async () => {
    const bed = await bedWith({ cache: false })
    const token = bed.jwt({ claims: { jti: undefined } })
    await bed.verifier.revoke({ token })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })

  it('for each of several issuers, and for no other issuer', async () => {
    const bed = await bedWith({ issuers: (by) => [oauth(by.oauth()), clerk(by.clerk())] })
    const [own, other] = [bed.jwt({ claims: { jti: 'a' } }), bed.opaque({ provider: 'clerk' })]
    await bed.verifier.revoke({ issuer: bed.issuer.url, tokenId: 'a' })
    expect(await bed.outcome(own)).toBe('token_revoked')
    expect(await bed.outcome(other)).toBe('accepted')
    await bed.verifier.revoke({ token: other })
    expect(await bed.outcome(other)).toBe('token_revoked')
  })

  it('for a custom issuer', async () => {
    const custom = (issuer: Issuer): Issuer => ({ ...issuer, name: 'ours', provider: 'custom' })
    const bed = await bedWith({ issuers: (by) => [custom(oauth(by.oauth({ introspection: undefined })))] })
    const token = bed.jwt({ clientId: CLIENT })
    // By its configured name, although the token states an iss.
    await bed.verifier.revoke({ issuer: 'ours', clientId: CLIENT })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })

  it('for a client that only the confirmation of the issuer names', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ subject: 'machine-1', claims: { client_id: undefined } })
    await bed.verifier.revoke({ issuer: bed.issuer.url, clientId: 'machine-1' })
    expect(await bed.outcome(token)).toBe('token_revoked')
    expect(await bed.outcome(token, { confirmAfter: 0 })).toBe('token_revoked')
  })
})

describe('explain()', () => {
  const stepOf = async (bed: TestBed, token: string, check: string): Promise<unknown> =>
    (await bed.verifier.explain(token)).steps.find((step) => step.check === check)

  it('names the check and its comparison', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    expect(await stepOf(bed, token, 'revocation')).toEqual({
      check: 'revocation',
      result: 'passed',
      detail: 'none of 0 revocations refuses the token',
    })
    await bed.verifier.revoke({ token })
    expect(await stepOf(bed, token, 'revocation')).toMatchObject({
      result: 'failed',
      detail: 'the token was revoked at 2026-11-21T08:00:00Z (no reason was given)',
    })
  })

  it('says so if an opaque token is refused before its introspection', async () => {
    const bed = await bedWith()
    const token = bed.opaque()
    await bed.verifier.revoke({ token })
    expect(await stepOf(bed, token, 'introspection')).toMatchObject({ result: 'failed' })
    expect(await stepOf(bed, token, 'revocation')).toMatchObject({ result: 'skipped' })
  })

  it('skips the check without revocations', async () => {
    const bed = await testBed()
    expect(await stepOf(bed, bed.jwt(), 'revocation')).toMatchObject({ result: 'skipped' })
  })
})

describe('an issuer with tenants', () => {
  const template = 'https://login.example.com/{tenant}/v2.0'
  const key = keyOf('ES256')
  const verifier = (): Verifier =>
    createVerifier({
      issuers: [oauth({ issuer: template, tenants: ['a', 'b'], audience: null, jwks: { keys: [key.jwk] } })],
      clock: () => START,
      revocations: memoryRevocations(),
    })
  const tokenOf = (tenant: string): string =>
    seal(
      key,
      { alg: 'ES256', kid: key.kid, typ: 'at+jwt' },
      { iss: template.replace('{tenant}', tenant), sub: CLIENT, jti: tenant, iat: NOW, exp: NOW + 600 },
    )

  it.each([
    ['one tenant by its iss', template.replace('{tenant}', 'a'), ['token_revoked', 'accepted']],
    ['all tenants by the template', template, ['token_revoked', 'token_revoked']],
  ])('revokes %s', async (_, issuer, expected) => {
    const one = verifier()
    await one.revoke({ issuer, subject: CLIENT })
    const outcomes = ['a', 'b'].map((tenant) => outcomeOf(one.verify(tokenOf(tenant))))
    expect(await Promise.all(outcomes)).toEqual(expected)
  })
})

describe('one store for several verifiers', () => {
  it('a revocation by one of them applies to all', async () => {
    const revocations = memoryRevocations()
    const [one, two] = [await bedWith({ revocations }), await bedWith({ revocations })]
    const token = two.jwt({ clientId: CLIENT })
    expect(await two.outcome(token)).toBe('accepted')
    await one.verifier.revocations?.revoke({ issuer: two.issuer.url, clientId: CLIENT })
    expect(await two.outcome(token)).toBe('token_revoked')
  })

  it('it stays usable after a verifier was closed', async () => {
    const bed = await bedWith()
    const token = bed.jwt()
    bed.verifier.close()
    await bed.verifier.revoke({ token })
    expect(await bed.outcome(token)).toBe('token_revoked')
  })
})

describe('health() and ready()', () => {
  it('state the revocations', async () => {
    const bed = await bedWith()
    await bed.verifier.ready()
    expect(bed.verifier.health()).toMatchObject({
      status: 'ok',
      revocations: { status: 'ok', asOf: bed.now(), entries: 0 },
    })
    await bed.verifier.revoke({ token: bed.jwt() })
    expect(bed.verifier.health().revocations?.entries).toBe(1)
  })

  it('have no revocations without the option', async () => {
    const { verifier } = await testBed()
    expect(verifier.health()).not.toHaveProperty('revocations')
    expect(verifier.revocations).toBeUndefined()
  })
})

describe('an invalid revocation is a ConfigurationError that names the member', () => {
  it.each<readonly [string, unknown, RegExp]>([
    ['no target', undefined, /^revoke: is required/],
    ['a string', 'token', /^revoke: must be a plain options object/],
    ['no issuer', { clientId: 'a' }, /^revoke\.issuer: is required/],
    ['an empty issuer', { issuer: '', clientId: 'a' }, /^revoke\.issuer: must be a non-empty string/],
    [
      'an unknown issuer',
      { issuer: 'https://other.example', clientId: 'a' },
      /^revoke\.issuer: is not a configured/,
    ],
    [
      'an undefined client',
      { issuer: 'ISSUER', clientId: undefined, before: 1 },
      /^revoke\.clientId: is undefined/,
    ],
    ['only an issuer', { issuer: 'ISSUER' }, /^revoke\.before: is required/],
    [
      'a client and a subject',
      { issuer: 'ISSUER', clientId: 'a', subject: 'b' },
      /^revoke: must name only one/,
    ],
    ['an unknown member', { issuer: 'ISSUER', client: 'a' }, /^revoke\.client: unknown option/],
    [
      'a before in the future',
      { issuer: 'ISSUER', before: 1_795_248_006 },
      /^revoke\.before: is more than 5 s in/,
    ],
    ['a before in milliseconds', { issuer: 'ISSUER', before: 1_795_248_000_000 }, /not milliseconds/],
    ['a before that is not a time', { issuer: 'ISSUER', before: 'now' }, /^revoke\.before: must be a number/],
    [
      'an invalid Date',
      { issuer: 'ISSUER', before: new Date(Number.NaN) },
      /^revoke\.before: must be a number/,
    ],
    ['a before of a token', { issuer: 'ISSUER', tokenId: 'a', before: 1 }, /^revoke\.before: does not apply/],
    [
      'an expiry of a client',
      { issuer: 'ISSUER', clientId: 'a', expiresAt: 1e10 },
      /^revoke\.expiresAt: is the/,
    ],
    [
      'an expiry in the past',
      { issuer: 'ISSUER', tokenId: 'a', expiresAt: 1 },
      /^revoke\.expiresAt: is not in/,
    ],
    ['a long reason', { issuer: 'ISSUER', before: 1, reason: 'a'.repeat(201) }, /^revoke\.reason: must be/],
    ['a token that is a number', { token: 1 }, /^revoke\.token: must be a token string/],
    ['a malformed token', { token: 'a b' }, /^revoke\.token: is not accepted by this verifier/],
    ['a token and a client', { token: 'a', clientId: 'a' }, /^revoke\.clientId: unknown option/],
  ])('%s', async (_, target, message) => {
    const bed = await bedWith()
    const named =
      typeof target === 'object' && target !== null && 'issuer' in target && target.issuer === 'ISSUER'
        ? { ...target, issuer: bed.issuer.url }
        : target
    const error = await failureOf(bed.verifier.revoke(named as RevocationTarget), ConfigurationError)
    expect(error.message).toMatch(message)
    expect(bed.verifier.revocations?.list()).toEqual([])
  })

  it('a verifier without revocations', async () => {
    const { verifier, jwt } = await testBed()
    const error = await failureOf(verifier.revoke({ token: jwt() }), ConfigurationError)
    expect(error.message).toMatch(/^revocations: is required for revoke\(\)/)
  })

  it('an option that is not the result of a function of this package', () => {
    const issuers = [oauth({ issuer: 'https://auth.example.com', audience: null })]
    const options = { issuers, revocations: { revoke: () => undefined } }
    expect(() => createVerifier(options as never)).toThrow(/^revocations: must be the result of/)
    expect(() => createVerifier({ issuers, revocations: undefined } as never)).toThrow(
      /^revocations: is undefined/,
    )
  })

  it('a token of an issuer that this verifier does not know', async () => {
    const [bed, other] = [await bedWith(), await bedWith()]
    const error = await failureOf(bed.verifier.revoke({ token: other.jwt() }), ConfigurationError)
    expect(error.message).toMatch(/^revoke\.token: is not accepted by this verifier: iss is/)
  })

  it('a forged token, so that unauthenticated callers cannot fill the list', async () => {
    const bed = await bedWith()
    const forged = bed.jwt().replace(/[^.]{20}$/, 'A'.repeat(20))
    const error = await failureOf(bed.verifier.revoke({ token: forged }), ConfigurationError)
    expect(error.message).toMatch(/^revoke\.token: is not accepted by this verifier: /)
    expect(bed.verifier.health().revocations).toMatchObject({ entries: 0 })
  })
})

describe('a token that cannot be checked when it is revoked', () => {
  it('is revoked once it can be checked', async () => {
    const bed = await bedWith()
    const token = bed.jwt({ expiresIn: '10m' })
    bed.issuer.fail('all', 503)
    await bed.verifier.revoke({ token })
    expect(bed.verifier.health().revocations).toMatchObject({ entries: 1 })
    bed.issuer.heal()
    bed.pass(120)
    expect(await bed.outcome(token)).toBe('token_revoked')
  })
})
