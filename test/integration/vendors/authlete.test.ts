import { Authlete } from '@authlete/typescript-sdk'
import { describe, expect, it } from 'vitest'
import { authlete } from '../../../src/index.js'
import type { MintOpaqueOptions, TestIssuer } from '../../../src/testing/index.js'
import { outcomeOf } from '../../support/outcomes.js'
import { sdkBed, type SdkBed } from './support.js'

type Introspection = Authlete['introspection']
type Answer = Awaited<ReturnType<Introspection['process']>>

interface AuthleteSdkBed extends SdkBed {
  readonly introspection: Introspection
  readonly mint: (options?: Omit<MintOpaqueOptions, 'provider'>) => string
  /** Response that Authlete's client gets about a token. */
  readonly process: (token: string, scopes?: readonly string[]) => Promise<Answer>
  /** Response that Authlete prescribes for an RFC 7662 endpoint, parsed. */
  readonly standard: (token: string, more?: { readonly rsUri?: string }) => Promise<unknown>
}

/** Authlete's own client, talking to the test issuer. */
function authleteClient(
  issuer: TestIssuer,
  bearer = issuer.authleteService.serviceAccessToken,
): Introspection {
  return new Authlete({ bearer, serverURL: issuer.endpoints.authlete }).introspection
}

type Extra = Parameters<TestIssuer['authlete']>[0]

async function authleteSdkBed(extra?: (issuer: TestIssuer) => Extra): Promise<AuthleteSdkBed> {
  const bed = await sdkBed((issuer) => authlete(issuer.authlete(extra?.(issuer))))
  const introspection = authleteClient(bed.issuer)
  const { serviceId } = bed.issuer.authleteService
  return {
    ...bed,
    introspection,
    mint: (options) => bed.issuer.mintOpaque({ ...options, provider: 'authlete' }),
    process: (token, scopes) =>
      introspection.process({
        serviceId,
        introspectionRequest: { token, ...(scopes === undefined ? {} : { scopes: [...scopes] }) },
      }),
    async standard(token, more = {}) {
      const parameters = new URLSearchParams({ token }).toString()
      const { action, responseContent } = await introspection.standardProcess({
        serviceId,
        standardIntrospectionRequest: { parameters, ...more },
      })
      expect(action).toBe('OK')
      return JSON.parse(responseContent!) as unknown
    },
  }
}

describe('a valid token', () => {
  it('is accepted by both, who say the same of it', async () => {
    const { mint, process, standard, verifier, issuer } = await authleteSdkBed()
    const token = mint({ scopes: 'orders:read orders:write', claims: { region: 'eu' } })
    const theirs = await process(token)
    const ours = await verifier.verify(token, { scopes: 'orders:read' })
    expect(theirs).toMatchObject({ action: 'OK', existent: true, usable: true, sufficient: true })
    expect(ours).toMatchObject({ format: 'opaque', provider: 'authlete' })
    expect({
      clientId: ours.clientId,
      scopes: ours.scopes,
      audience: ours.audience,
      expiresAt: ours.expiresAt! * 1000,
    }).toEqual({
      clientId: String(theirs.clientId),
      scopes: theirs.scopes,
      audience: theirs.accessTokenResources,
      expiresAt: theirs.expiresAt,
    })
    expect(theirs.properties).toMatchObject([{ key: 'region', value: 'eu' }])
    expect(await standard(token)).toMatchObject({
      active: true,
      client_id: ours.clientId,
      scope: ours.scopes.join(' '),
      aud: issuer.audience,
      exp: ours.expiresAt,
    })
  })

  it("goes by its client's alias where the client used one", async () => {
    const { mint, process, verifier } = await authleteSdkBed()
    const token = mint({ clientId: 'billing' })
    expect(await process(token)).toMatchObject({ clientIdAlias: 'billing', clientIdAliasUsed: true })
    expect(await verifier.verify(token)).toMatchObject({ clientId: 'billing', subject: 'billing' })
  })

  it('of a person has that subject', async () => {
    const { mint, process, verifier } = await authleteSdkBed()
    const token = mint({ clientId: 'billing', subject: 'john' })
    expect(await process(token)).toMatchObject({ subject: 'john', grantType: 'AUTHORIZATION_CODE' })
    expect(await verifier.verify(token)).toMatchObject({ clientId: 'billing', subject: 'john' })
  })
})

describe('scopes', () => {
  it.each([
    ['a b', ['a'], true],
    ['a b', ['a', 'b'], true],
    ['a b', ['a', 'c'], false],
    ['a', ['A'], false],
    ['a:*', ['a:b'], false],
    ['', ['a'], false],
  ])('%j for %j: %s for both', async (scopes, demanded, isEnough) => {
    const { mint, process, ours } = await authleteSdkBed()
    const token = mint({ scopes })
    expect(await process(token, demanded)).toMatchObject({ action: isEnough ? 'OK' : 'FORBIDDEN' })
    expect(await ours(token, { scopes: demanded })).toBe(isEnough ? 'accepted' : 'scope_insufficient')
  })
})

describe('tokens that both refuse', () => {
  it.each<[string, (bed: AuthleteSdkBed) => string]>([
    ['unknown', () => 'unknown-token'],
    ['of another provider', ({ issuer }) => issuer.mintOpaque({ provider: 'oauth' })],
    [
      'revoked',
      ({ mint, issuer }) => {
        const token = mint()
        issuer.revoke(token)
        return token
      },
    ],
    ['expired', ({ mint }) => mint({ age: 7200, expiresIn: -3600 })],
  ])('%s', async (_, make) => {
    const bed = await authleteSdkBed()
    const token = make(bed)
    expect(await bed.process(token)).toMatchObject({ action: 'UNAUTHORIZED' })
    expect(await bed.standard(token)).toEqual({ active: false })
    expect(await bed.ours(token)).toBe('token_inactive')
  })

  it('one that expires, from the same second on', async () => {
    const { mint, process, ours, pass } = await authleteSdkBed()
    const token = mint({ expiresIn: 60 })
    pass(59)
    expect([(await process(token)).action, await ours(token)]).toEqual(['OK', 'accepted'])
    pass(1)
    expect([(await process(token)).action, await ours(token)]).toEqual(['UNAUTHORIZED', 'token_inactive'])
  })

  it('a revoked one: refused immediately by theirs, and by ours if a route introspects every time', async () => {
    const { mint, process, ours, issuer, pass } = await authleteSdkBed()
    const token = mint()
    expect([(await process(token)).action, await ours(token)]).toEqual(['OK', 'accepted'])
    issuer.revoke(token)
    expect((await process(token)).action).toBe('UNAUTHORIZED')
    expect(await ours(token)).toBe('accepted')
    expect(await ours(token, { confirmAfter: 0 })).toBe('token_inactive')
    pass(30)
    expect(await ours(token)).toBe('token_inactive')
  })

  it('one for another resource, if Authlete gets the resource', async () => {
    const { mint, standard, ours, issuer } = await authleteSdkBed()
    const foreign = mint({ audience: 'https://elsewhere.test' })
    expect(await standard(foreign, { rsUri: issuer.audience })).toEqual({ active: false })
    expect(await ours(foreign)).toBe('audience_mismatch')
    const mine = mint()
    expect(await standard(mine, { rsUri: issuer.audience })).toMatchObject({ active: true })
    expect(await ours(mine)).toBe('accepted')
  })
})

describe('a JWT of the service', () => {
  it('is accepted by both, whether we check it here or ask', async () => {
    const { issuer, process, verifierOf, ours } = await authleteSdkBed()
    const token = issuer.mintJwt({ provider: 'authlete', scopes: 'orders:read' })
    const local = verifierOf(authlete(issuer.authlete({ issuer: issuer.endpoints.authlete })))
    expect((await process(token)).action).toBe('OK')
    expect(await ours(token, { scopes: 'orders:read' })).toBe('accepted')
    expect(await outcomeOf(local.verify(token, { scopes: 'orders:read' }))).toBe('accepted')
  })

  it('that is revoked is refused by both after a call to Authlete', async () => {
    const { issuer, process, ours } = await authleteSdkBed((by) => ({ issuer: by.endpoints.authlete }))
    const token = issuer.mintJwt({ provider: 'authlete' })
    issuer.revoke(token)
    expect((await process(token)).action).toBe('UNAUTHORIZED')
    expect(await ours(token)).toBe('accepted')
    expect(await ours(token, { confirmAfter: 0 })).toBe('token_inactive')
  })
})

describe("a key that is not the service's", () => {
  it("is Authlete's 401 and our own fault, not the token's", async () => {
    const { issuer, mint, verifierOf } = await authleteSdkBed()
    const { serviceId } = issuer.authleteService
    const token = mint()
    const wrong = authleteClient(issuer, 'wrong')
    await expect(wrong.process({ serviceId, introspectionRequest: { token } })).rejects.toMatchObject({
      statusCode: 401,
    })
    const misconfigured = verifierOf(authlete(issuer.authlete({ serviceAccessToken: 'wrong' })))
    expect(await outcomeOf(misconfigured.verify(token))).toBe('issuer_refused_us')
  })

  it('opens no other service', async () => {
    const { issuer, introspection, mint, verifierOf } = await authleteSdkBed()
    const token = mint()
    await expect(
      introspection.process({ serviceId: '1', introspectionRequest: { token } }),
    ).rejects.toMatchObject({ statusCode: 403 })
    const misconfigured = verifierOf(authlete(issuer.authlete({ serviceId: '1' })))
    expect(await outcomeOf(misconfigured.verify(token))).toBe('issuer_refused_us')
  })
})
