import { describe, expect, it } from 'vitest'
import { authlete, clerk, createVerifier, oauth, stytch, type Issuer } from '../../src/index.js'
import type {
  MintJwtOptions,
  MintOptions,
  ProviderName,
  SigningAlgorithm,
  TestIssuer,
} from '../../src/testing/index.js'
import { outcomeOf } from '../support/outcomes.js'
import { NOW, START } from '../support/clock.js'
import { SIGNING_ALGORITHMS } from '../support/tokens/algorithms.js'
import { send } from '../support/servers/http.js'
import { decode } from '../support/tokens/jwt.js'
import { startIssuer } from '../support/test-bed.js'

const FACTORIES: Readonly<Record<ProviderName, (issuer: TestIssuer) => Issuer>> = {
  oauth: (issuer) => oauth(issuer.oauth()),
  clerk: (issuer) => clerk(issuer.clerk()),
  stytch: (issuer) => stytch(issuer.stytch()),
  authlete: (issuer) => authlete(issuer.authlete({ issuer: issuer.endpoints.authlete })),
}
const PROVIDERS = Object.keys(FACTORIES) as readonly ProviderName[]

function judge(issuer: TestIssuer, provider: ProviderName, token: string): Promise<string> {
  const verifier = createVerifier({ issuers: [FACTORIES[provider](issuer)], clock: () => START })
  return outcomeOf(verifier.verify(token))
}

describe('a token minted without options', () => {
  it.each(PROVIDERS)('is valid immediately: a JWT of %s', async (provider) => {
    const issuer = await startIssuer()
    expect(await judge(issuer, provider, issuer.mintJwt({ provider }))).toBe('accepted')
  })

  it.each(['oauth', 'clerk', 'authlete'] as const)(
    'is valid immediately: opaque, of %s',
    async (provider) => {
      const issuer = await startIssuer()
      const token = issuer.mintOpaque({ provider })
      expect(token.startsWith('mt_')).toBe(provider === 'clerk')
      expect(await judge(issuer, provider, token)).toBe('accepted')
    },
  )

  it('is never the same twice', async () => {
    const issuer = await startIssuer()
    expect(issuer.mintJwt()).not.toBe(issuer.mintJwt())
    expect(issuer.mintOpaque()).not.toBe(issuer.mintOpaque())
  })

  it('minting an opaque token for Stytch fails, because Stytch has no opaque tokens', async () => {
    const issuer = await startIssuer()
    expect(() => issuer.mintOpaque({ provider: 'stytch' })).toThrow(/Stytch has no opaque/)
  })
})

describe('default claims of a JWT', () => {
  it.each<[ProviderName, (issuer: TestIssuer) => Record<string, unknown>, Record<string, unknown>]>([
    [
      'oauth',
      ({ url, client, audience }) => ({
        iss: url,
        sub: client.clientId,
        client_id: client.clientId,
        aud: audience,
        iat: NOW,
        exp: NOW + 3600,
        jti: expect.any(String) as unknown,
      }),
      { typ: 'at+jwt' },
    ],
    [
      'clerk',
      ({ endpoints, clerkMachines }) => ({
        iss: endpoints.clerk,
        sub: clerkMachines.sender.id,
        iat: NOW,
        nbf: NOW,
        exp: NOW + 3600,
        jti: expect.stringMatching(/^mt_[0-9a-f]{32}$/) as unknown,
      }),
      { typ: 'JWT', cat: 'cl_B7d4PD333AAA' },
    ],
    [
      'stytch',
      ({ stytchProject: { projectId, client } }) => ({
        iss: `stytch.com/${projectId}`,
        sub: client.clientId,
        aud: [projectId],
        scope: '',
        iat: NOW,
        nbf: NOW,
        exp: NOW + 3600,
      }),
      { typ: 'JWT' },
    ],
    [
      'authlete',
      ({ endpoints, audience }) => ({
        iss: endpoints.authlete,
        sub: expect.stringMatching(/^\d+$/) as unknown,
        client_id: expect.stringMatching(/^\d+$/) as unknown,
        aud: audience,
        iat: NOW,
        exp: NOW + 3600,
        jti: expect.any(String) as unknown,
      }),
      { typ: 'at+jwt' },
    ],
  ])('at %s', async (provider, claims, header) => {
    const issuer = await startIssuer()
    const decoded = decode(issuer.mintJwt({ provider }))
    expect(decoded.claims).toEqual(claims(issuer))
    expect(decoded.header).toEqual({ ...header, alg: 'RS256', kid: issuer.jwks(provider).keys[0]!.kid })
  })
})

describe('mint options, in the claims of a JWT and the introspection of an opaque token', () => {
  it.each<[string, MintOptions, Record<string, unknown>]>([
    ['subject', { subject: 'john' }, { sub: 'john' }],
    ['clientId', { clientId: 'billing' }, { sub: 'billing', client_id: 'billing' }],
    ['both', { subject: 'john', clientId: 'billing' }, { sub: 'john', client_id: 'billing' }],
    ['scopes as a string', { scopes: 'a b' }, { scope: 'a b' }],
    ['scopes as a list', { scopes: ['a', 'b'] }, { scope: 'a b' }],
    ['audience', { audience: 'https://x.test' }, { aud: 'https://x.test' }],
    ['several audiences', { audience: ['https://x.test', 'y'] }, { aud: ['https://x.test', 'y'] }],
    ['no audience', { audience: null }, { aud: undefined }],
    ['age', { age: '15m' }, { iat: NOW - 900, exp: NOW + 3600 }],
    ['age in seconds', { age: 90 }, { iat: NOW - 90 }],
    ['age in the future', { age: '-15m' }, { iat: NOW + 900 }],
    ['expiresIn', { expiresIn: '90s' }, { exp: NOW + 90 }],
    ['expiresIn a fraction', { expiresIn: 0.5 }, { exp: NOW + 0.5 }],
    ['expiresIn never', { expiresIn: null }, { exp: undefined }],
    ['claims added', { claims: { tier: 'gold' } }, { tier: 'gold' }],
    ['claims replaced', { claims: { iss: 'https://x.test' } }, { iss: 'https://x.test' }],
    ['claims removed', { claims: { jti: undefined } }, { jti: undefined }],
    ['confirmation', { confirmation: { jkt: 'thumb' } }, { cnf: { jkt: 'thumb' } }],
  ])('%s', async (_, options, expected) => {
    const issuer = await startIssuer()
    const { clientId, clientSecret } = issuer.client
    const introspected = await send(`${issuer.url}/introspect`, {
      basic: [clientId, clientSecret],
      form: { token: issuer.mintOpaque(options) },
    })
    expect(introspected.json['active']).toBe(true)
    for (const [name, value] of Object.entries(expected)) {
      expect(decode(issuer.mintJwt({ algorithm: 'ES256', ...options })).claims[name]).toEqual(value)
      expect(introspected.json[name]).toEqual(value)
    }
  })

  it('expiresIn can be in the past', async () => {
    const issuer = await startIssuer()
    const token = issuer.mintJwt({ age: 7200, expiresIn: '-1h' })
    expect(decode(token).claims).toMatchObject({ iat: NOW - 7200, exp: NOW - 3600 })
    expect(await judge(issuer, 'oauth', token)).toBe('token_expired')
  })

  it('the prefix of opaque tokens is per issuer, or per token', async () => {
    const issuer = await startIssuer({ opaquePrefix: 'at_' })
    expect(issuer.oauth().introspection).toMatchObject({ opaquePrefix: 'at_' })
    expect(issuer.mintOpaque()).toMatch(/^at_/)
    expect(issuer.mintOpaque({ prefix: 'x_' })).toMatch(/^x_/)
  })

  it('the audience is per issuer, or per token', async () => {
    const issuer = await startIssuer({ audience: 'https://orders.test' })
    expect(issuer.audience).toBe('https://orders.test')
    expect(issuer.oauth().audience).toBe('https://orders.test')
    expect(decode(issuer.mintJwt()).claims['aud']).toBe('https://orders.test')
    expect(await judge(issuer, 'oauth', issuer.mintJwt())).toBe('accepted')
  })

  it("at Clerk, scopes are the sender's claim and the audience is the machines", async () => {
    const issuer = await startIssuer()
    const jwt = issuer.mintJwt({ provider: 'clerk', scopes: 'orders:read', audience: 'mch_x' })
    expect(decode(jwt).claims).toMatchObject({ scope: 'orders:read', aud: ['mch_x'] })
    const token = issuer.mintOpaque({ provider: 'clerk', scopes: 'orders:read', subject: 'mch_billing' })
    const verified = await send(`${issuer.endpoints.clerk}/m2m_tokens/verify`, {
      bearer: issuer.clerkMachines.receiver.secretKey,
      json: { token },
    })
    expect(verified.json).toMatchObject({
      subject: 'mch_billing',
      scopes: [issuer.clerkMachines.receiver.id],
      claims: { scope: 'orders:read' },
    })
  })
})

describe('the header and the signature of a JWT', () => {
  it.each<[string, MintJwtOptions['header'], Record<string, unknown>]>([
    ['added', { crit: ['x'], x: 1 }, { crit: ['x'], x: 1 }],
    ['replaced', { typ: 'JWT' }, { typ: 'JWT' }],
    ['removed', { kid: undefined }, { kid: undefined }],
    ['falsified', { alg: 'none' }, { alg: 'none' }],
  ])('a header parameter can be %s', async (_, header, expected) => {
    const issuer = await startIssuer()
    const decoded = decode(issuer.mintJwt({ algorithm: 'ES256', header: header! })).header
    for (const [name, value] of Object.entries(expected)) expect(decoded[name]).toEqual(value)
  })

  it.each(SIGNING_ALGORITHMS)(
    '%s: the key is published on first use, and the guard accepts it',
    async (algorithm) => {
      const issuer = await startIssuer()
      const token = issuer.mintJwt({ algorithm })
      expect(decode(token).header['alg']).toBe(algorithm)
      expect(issuer.jwks().keys.map(({ alg }) => alg)).toContain(algorithm)
      expect(await judge(issuer, 'oauth', token)).toBe('accepted')
    },
  )

  it.each(['HS256', 'none', 'toString'])(
    '%s is rejected with an error that lists the supported ones',
    async (name) => {
      const issuer = await startIssuer()
      const algorithm = name as SigningAlgorithm
      expect(() => issuer.mintJwt({ algorithm })).toThrow(
        new RegExp(`cannot sign with ${name}; use one of RS256, .*ES256`),
      )
    },
  )
})
