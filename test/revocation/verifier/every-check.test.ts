import { describe, expect, it } from 'vitest'
import { guard } from '../../../adapters/fetch.js'
import { clerk, oauth, type Issuer } from '../../../src/index.js'
import { bearer, testBed, type TestBed } from '../../support/test-bed.js'
import { bedWith, CLIENT } from './support.js'

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
