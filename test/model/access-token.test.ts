import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { authlete, clerk, oauth, stytch, type AccessToken, type Issuer } from '../../src/index.js'
import type { MintOptions, TestIssuer } from '../../src/testing/index.js'
import { testBed } from '../support/test-bed.js'
import { START } from '../support/clock.js'

const NOW = START / 1000

interface Case {
  readonly name: string
  readonly issuer: (by: TestIssuer) => Issuer
  readonly format: 'jwt' | 'opaque'
  readonly mint?: MintOptions
  /** Every property except claims and fingerprint. */
  readonly expected: (by: TestIssuer) => Partial<AccessToken>
}

const ages = { issuedAt: NOW - 60, expiresAt: NOW + 600 }
const orders = { scopes: ['orders:read', 'orders:write'] }

const cases: readonly Case[] = [
  {
    name: 'oauth, JWT',
    issuer: (by) => oauth(by.oauth()),
    format: 'jwt',
    mint: { clientId: 'billing', subject: 'service-7', audience: ['https://api.test', 'https://b.test'] },
    expected: (by) => ({
      issuer: by.url,
      provider: 'oauth',
      subject: 'service-7',
      clientId: 'billing',
      audience: ['https://api.test', 'https://b.test'],
      tokenId: 'id-1',
      ...orders,
      ...ages,
    }),
  },
  {
    name: 'oauth, opaque',
    issuer: (by) => oauth(by.oauth()),
    format: 'opaque',
    mint: { clientId: 'billing', subject: 'service-7' },
    expected: (by) => ({
      issuer: by.url,
      provider: 'oauth',
      subject: 'service-7',
      clientId: 'billing',
      audience: [by.audience],
      tokenId: 'id-1',
      confirmedAt: NOW,
      ...orders,
      ...ages,
    }),
  },
  {
    name: 'clerk, JWT verified locally',
    issuer: (by) => clerk(by.clerk()),
    format: 'jwt',
    expected: (by) => ({ ...clerkToken(by), audience: [] }),
  },
  {
    name: 'clerk, JWT introspected',
    issuer: (by) => clerk(by.clerk({ jwtAccess: 'remote', jwksUri: undefined })),
    format: 'jwt',
    expected: (by) => ({
      ...clerkToken(by),
      tokenId: expect.stringMatching(/^mt_/) as string,
      confirmedAt: NOW,
    }),
  },
  {
    name: 'clerk, opaque',
    issuer: (by) => clerk(by.clerk()),
    format: 'opaque',
    expected: (by) => ({
      ...clerkToken(by),
      tokenId: expect.stringMatching(/^mt_/) as string,
      confirmedAt: NOW,
    }),
  },
  {
    name: 'stytch',
    issuer: (by) => stytch(by.stytch()),
    format: 'jwt',
    expected: (by) => ({
      issuer: `stytch.com/${by.stytchProject.projectId}`,
      provider: 'stytch',
      subject: by.stytchProject.client.clientId,
      clientId: by.stytchProject.client.clientId,
      audience: [by.stytchProject.projectId],
      tokenId: 'id-1',
      ...orders,
      ...ages,
    }),
  },
  {
    name: 'authlete, opaque',
    issuer: (by) => authlete(by.authlete()),
    format: 'opaque',
    mint: { clientId: '4711', subject: 'service-7' },
    expected: (by) => ({
      issuer: `authlete:${by.authleteService.serviceId}`,
      provider: 'authlete',
      subject: 'service-7',
      clientId: '4711',
      audience: [by.audience],
      expiresAt: NOW + 600,
      confirmedAt: NOW,
      ...orders,
    }),
  },
  {
    name: 'authlete, JWT verified locally',
    issuer: (by) => authlete(by.authlete({ issuer: by.endpoints.authlete })),
    format: 'jwt',
    mint: { clientId: '4711', subject: 'service-7' },
    expected: (by) => ({
      issuer: by.endpoints.authlete,
      provider: 'authlete',
      subject: 'service-7',
      clientId: '4711',
      audience: [by.audience],
      tokenId: 'id-1',
      ...orders,
      ...ages,
    }),
  },
]

function clerkToken(by: TestIssuer): Partial<AccessToken> {
  const { sender, receiver } = by.clerkMachines
  return {
    issuer: by.endpoints.clerk,
    provider: 'clerk',
    subject: sender.id,
    clientId: sender.id,
    audience: [receiver.id],
    tokenId: 'id-1',
    ...orders,
    ...ages,
  }
}

async function acceptedToken({ issuer: make, format, mint }: Case) {
  const bed = await testBed({ issuers: (by) => [make(by)] })
  const { provider } = make(bed.issuer) as { provider: 'oauth' | 'clerk' | 'stytch' | 'authlete' }
  const options = {
    provider,
    ...orders,
    age: 60,
    expiresIn: 600,
    claims: { jti: 'id-1', tier: { level: [1, 2] } },
    ...mint,
  }
  const raw = format === 'jwt' ? bed.issuer.mintJwt(options) : bed.issuer.mintOpaque(options)
  return { ...bed, raw, token: await bed.verifier.verify(raw) }
}

describe.each(cases)('the access token of $name', (example) => {
  it('has every property that the issuer stated, and no other', async () => {
    const { issuer, raw, token } = await acceptedToken(example)
    const { claims, ...rest } = token
    expect(rest).toEqual({
      format: example.format,
      fingerprint: createHash('sha256').update(raw).digest('hex').slice(0, 16),
      ...example.expected(issuer),
    })
    if (example.name !== 'authlete, opaque') expect(claims['tier']).toEqual({ level: [1, 2] })
  })

  it('is deeply frozen and the same for each request', async () => {
    const { raw, token, verifier } = await acceptedToken(example)
    const parts: unknown[] = [token]
    for (const part of parts) {
      if (typeof part !== 'object' || part === null) continue
      expect(Object.isFrozen(part)).toBe(true)
      parts.push(...(Object.values(part) as unknown[]))
    }
    expect(() => (token.scopes as string[]).push('admin')).toThrow(TypeError)
    expect(() => Object.assign(token.claims, { admin: true })).toThrow(TypeError)
    expect((await verifier.verify(raw)).scopes).toEqual(orders.scopes)
  })

  it('does not contain the token or its signature', async () => {
    const { raw, token } = await acceptedToken(example)
    const shown = JSON.stringify(token) + inspect(token, { depth: 10, showHidden: true })
    expect(shown).not.toContain(raw)
    expect(shown).not.toContain(raw.split('.').at(-1))
  })
})

describe('a fact that the issuer does not state', () => {
  it('is absent, not undefined', async () => {
    const { issuer, verifier } = await testBed({ issuers: (by) => [oauth(by.oauth({ audience: null }))] })
    const silent = { iss: undefined, client_id: undefined, jti: undefined, iat: undefined, exp: undefined }
    const token = await verifier.verify(
      issuer.mintOpaque({ subject: 'service-7', audience: null, claims: { ...silent, aud: undefined } }),
    )
    expect(Object.keys(token).sort()).toEqual(
      [
        'audience',
        'claims',
        'confirmedAt',
        'fingerprint',
        'format',
        'issuer',
        'provider',
        'scopes',
        'subject',
      ].sort(),
    )
    expect(token).toMatchObject({ issuer: issuer.url, subject: 'service-7', scopes: [], audience: [] })
  })

  it('is replaced by the client id if it is the subject', async () => {
    const { issuer, verifier } = await testBed()
    const token = issuer.mintOpaque({ clientId: 'billing', claims: { sub: undefined } })
    expect(await verifier.verify(token)).toMatchObject({ subject: 'billing', clientId: 'billing' })
  })

  it('refuses the token if neither subject nor client is stated', async () => {
    const { issuer, jwt, outcome } = await testBed()
    const anonymous = { claims: { sub: undefined, client_id: undefined } }
    expect(await outcome(issuer.mintOpaque(anonymous))).toBe('claim_missing')
    expect(await outcome(jwt(anonymous))).toBe('claim_missing')
  })
})
