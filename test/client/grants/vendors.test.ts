import { TokenSourceError } from '../../../src/client/index.js'
import { describe, expect, it } from 'vitest'
import { clerk, createVerifier, stytch } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { saysJson } from '../../support/servers/misbehaviours.js'
import { clientBed } from '../../support/client.js'
import { failureOf } from '../../support/outcomes.js'

describe('at Stytch', () => {
  it('the credentials are sent in the form to the token endpoint of the project', async () => {
    const { issuer, stytchSource, sent, clock } = await clientBed()
    const { projectId, client } = issuer.stytchProject
    const token = await stytchSource({ scopes: 'read:orders' }).getToken()
    expect(sent[0]!.url).toBe(`${issuer.endpoints.stytch}/v1/public/${projectId}/oauth2/token`)
    expect(sent[0]!.headers.get('authorization')).toBeNull()
    expect(Object.fromEntries(sent[0]!.form)).toEqual({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret,
      scope: 'read:orders',
    })
    const verifier = createVerifier({ issuers: [stytch(issuer.stytch())], clock })
    expect(await verifier.verify(token, { scopes: 'read:orders' })).toMatchObject({
      clientId: client.clientId,
    })
    verifier.close()
  })

  it('a wrong secret is credentials_refused', async () => {
    const { stytchSource } = await clientBed()
    const error = await failureOf(stytchSource({ clientSecret: 'wrong' }).getToken(), TokenSourceError)
    expect(error).toMatchObject({ reason: 'credentials_refused', code: 'invalid_client', status: 401 })
  })
})

describe('at Clerk', () => {
  const verify = async (issuer: TestIssuer, clock: () => number, token: string) => {
    const verifier = createVerifier({ issuers: [clerk(issuer.clerk())], clock })
    return verifier.verify(token).finally(() => verifier.close())
  }

  it.each(['opaque', 'jwt'] as const)(
    'a token (%s) is created with the key of the machine',
    async (format) => {
      const { issuer, clerkSource, sent, clock } = await clientBed()
      const tokens = clerkSource({ format, expiresIn: '20m', claims: { scope: 'orders:read' } })
      const token = await verify(issuer, clock, await tokens.getToken())
      expect(token).toMatchObject({
        format,
        subject: issuer.clerkMachines.sender.id,
        scopes: ['orders:read'],
      })
      expect(sent[0]!.url).toBe(`${issuer.endpoints.clerk}/v1/m2m_tokens`)
      expect(sent[0]!.headers.get('authorization')).toBe(`Bearer ${issuer.clerkMachines.sender.secretKey}`)
      expect(JSON.parse(sent[0]!.body)).toEqual({
        token_format: format,
        seconds_until_expiration: 1200,
        claims: { scope: 'orders:read' },
      })
    },
  )

  it('a token has the lifetime that Clerk reports, an hour by default, independently of our clock', async () => {
    for (const [expiresIn, seconds] of [
      [undefined, 3600],
      ['20m', 1200],
    ] as const) {
      const { issuer, clerkSource, pass, clock } = await clientBed()
      const tokens = clerkSource({ expiresIn, clock: () => clock() + 86_400_000 })
      const first = await tokens.getToken()
      issuer.fail('clerkTokens', 503)
      pass(seconds - 6)
      expect(await tokens.getToken()).toBe(first)
      pass(2)
      await failureOf(tokens.getToken(), TokenSourceError)
    }
  })

  it.each([
    ['a creation at 0', () => 0],
    ['a creation in seconds', (milliseconds: number) => milliseconds / 1000],
  ])('%s does not extend the lifetime beyond the requested one', async (_, createdAt) => {
    const { issuer, clerkSource, pass, clock } = await clientBed()
    const [token, expiration] = ['mt_x', clock() + 1_200_000]
    const body = { object: 'machine_to_machine_token', token, expiration, created_at: createdAt(clock()) }
    issuer.fail('clerkTokens', saysJson(201, body))
    const tokens = clerkSource({ expiresIn: '20m' })
    expect(await tokens.getToken()).toBe(token)
    issuer.fail('clerkTokens', 503)
    pass(1194)
    expect(await tokens.getToken()).toBe(token)
    pass(2)
    expect((await failureOf(tokens.getToken(), TokenSourceError)).reason).toBe('issuer_unavailable')
  })

  it('a token that never expires is replaced after a day, and stays in use while that fails', async () => {
    const { issuer, clerkSource, pass } = await clientBed()
    const tokens = clerkSource({ expiresIn: null })
    const first = await tokens.getToken()
    issuer.fail('clerkTokens', 503)
    pass(0.6 * 86_400)
    expect(await tokens.getToken()).toBe(first)
    expect(issuer.calls.clerkTokens).toBe(1)
    pass(86_400)
    const gate = issuer.gate('clerkTokens')
    expect(await tokens.getToken()).toBe(first)
    await gate.waiting
    gate.release()
    pass(365 * 86_400)
    expect(await tokens.getToken()).toBe(first)
  })

  it('processes of one machine share a token with minRemainingTtl, and its expiry is unchanged', async () => {
    const { issuer, clerkSource, pass } = await clientBed()
    const first = await clerkSource({ minRemainingTtl: '30m' }).getToken()
    pass(1200)
    const other = clerkSource({ minRemainingTtl: '30m' })
    expect(await other.getToken()).toBe(first)
    issuer.fail('clerkTokens', 503)
    pass(2401)
    await failureOf(other.getToken(), TokenSourceError)
  })

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['has no token', { object: 'machine_to_machine_token', expiration: null }],
    ['is something else', { object: 'machine', token: 'mt_x', expiration: null }],
    ['does not contain the expiry', { object: 'machine_to_machine_token', token: 'mt_x' }],
    ['has expired', { object: 'machine_to_machine_token', token: 'mt_x', expiration: 1 }],
  ])('a response that %s is refused', async (_, body) => {
    const { issuer, clerkSource } = await clientBed()
    issuer.fail('clerkTokens', saysJson(201, body))
    expect((await failureOf(clerkSource().getToken(), TokenSourceError)).reason).toBe('answer_unreadable')
  })

  it('an unknown key is credentials_refused, and a rotated key is read again', async () => {
    const { issuer, clerkSource } = await clientBed()
    const error = await failureOf(
      clerkSource({ machineSecretKey: 'ak_unknown' }).getToken(),
      TokenSourceError,
    )
    expect(error).toMatchObject({
      reason: 'credentials_refused',
      code: 'machine_secret_key_invalid',
      status: 401,
    })
    const keys = ['ak_old', issuer.clerkMachines.sender.secretKey]
    expect(await clerkSource({ machineSecretKey: () => keys.shift()! }).getToken()).toMatch(/^mt_/)
  })
})
