import { describe, expect, it } from 'vitest'
import { redisRevocations } from '../../../adapters/redis.js'
import { clerk, memoryRevocations, oauth } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import type { TestBedOptions } from '../../support/test-bed.js'
import { type DoctorBed, doctorBed } from './support.js'

describe('credentials', () => {
  it('fails if the issuer rejects them, with the advice to correct them', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('introspection', 401)
    const [line] = await findings('credentials')
    expect(line).toMatchObject({ result: 'failed' })
    expect(line!.advice).toMatch(/^Correct the credentials/)
  })

  it('fails if the issuer does not respond', async () => {
    const { findings, issuer } = await doctorBed()
    issuer.fail('introspection', 'refuse')
    expect(await findings('credentials')).toMatchObject([{ result: 'failed' }])
  })

  it('fails if the issuer confirms a random token', async () => {
    const { findings, issuer } = await doctorBed()
    const exp = Math.floor(Date.now() / 1000) + 600
    issuer.fail('introspection', { body: { active: true, sub: 'x', aud: 'https://api.test', exp } })
    const [line] = await findings('credentials')
    expect(line).toMatchObject({ result: 'failed', detail: 'the issuer confirms a random token as active' })
  })

  it('emits no decision event', async () => {
    const { findings, events } = await doctorBed()
    await findings('credentials')
    expect(events).toEqual([])
  })

  it.each<[name: string, issuers: NonNullable<TestBedOptions['issuers']>]>([
    ['clerk', (by: TestIssuer) => [clerk(by.clerk({ jwtAccess: false }))]],
    [
      'JWTs that are introspected',
      (by) => {
        const options = by.oauth()
        return [
          oauth({
            ...options,
            keys: false,
            introspection: { ...options.introspection!, jwts: true },
          } as never),
        ]
      },
    ],
  ])('are checked for %s', async (_, issuers) => {
    const { findings } = await doctorBed({ issuers })
    expect(await findings('credentials')).toMatchObject([{ result: 'passed' }])
  })
})

describe('scopes', () => {
  const withScopes = async (): Promise<DoctorBed> => {
    const bed = await doctorBed({ policy: { scopes: 'orders:read' } })
    const document = (await (
      await fetch(`${bed.issuer.url}/.well-known/openid-configuration`)
    ).json()) as object
    bed.issuer.fail('discovery', { body: { ...document, scopes_supported: ['orders:read', 'orders:write'] } })
    return bed
  }

  it('pass if the issuer offers the scopes of the verifier and of the export policies', async () => {
    const { findings } = await withScopes()
    const policies = { write: { scopes: 'orders:write' } }
    expect(await findings('scopes', [], { policies })).toMatchObject([{ result: 'passed' }])
  })

  it('warn of a scope that the issuer does not offer', async () => {
    const { findings } = await withScopes()
    const [line] = await findings('scopes', [], { policies: [{ scopes: 'order:delete' }] })
    expect(line).toMatchObject({ result: 'warning' })
    expect(line!.detail).toContain('lacks ["order:delete"]')
  })

  it('are skipped if the issuer publishes none', async () => {
    const { findings } = await doctorBed({ policy: { scopes: 'a' } })
    expect(await findings('scopes')).toMatchObject([{ result: 'skipped' }])
  })
})

describe('revocations', () => {
  const bedWith = (call: () => Promise<unknown>): Promise<DoctorBed> =>
    doctorBed({ revocations: redisRevocations({ client: { call }, onEvent: () => undefined }) })

  it('fails if the client of the store is not connected', async () => {
    const bed = await bedWith(() => Promise.reject(new Error('The client is closed')))
    expect(await bed.findings('revocations')).toMatchObject([
      {
        result: 'failed',
        detail: 'the revocations cannot be read: The client is closed',
        advice: expect.stringContaining('await client.connect()') as string,
      },
    ])
  })

  it('passes with the number of entries and the age of the reading', async () => {
    const bed = await doctorBed({ revocations: memoryRevocations() })
    await bed.verifier.revoke({ issuer: bed.issuer.url, tokenId: 'a' })
    const [finding] = await bed.findings('revocations')
    expect(finding).toMatchObject({ result: 'passed', issuer: null })
    expect(finding!.detail).toMatch(/^1 entry, read \d\.\d s ago$/)
  })
})
