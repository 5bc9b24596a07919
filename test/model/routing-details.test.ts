import { describe, expect, it, onTestFinished } from 'vitest'
import { clerk, createVerifier, oauth, type Issuer } from '../../src/index.js'
import { spiffe } from '../../src/providers/presets/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import { keyOf, seal } from '../support/tokens/forge.js'
import { refusalOf } from '../support/outcomes.js'

const issuer = 'https://hydra.example.org'
const audience = 'orders'
const opaque = {
  introspection: {
    endpoint: `${issuer}/introspect`,
    authentication: 'none',
    opaquePrefix: 'ory_at_',
  },
} as const

const jwtOf = (claims: object): string => seal(keyOf('ES256'), { alg: 'ES256', typ: 'JWT' }, claims)

/** The reason and the detail of the refusal of a token that no issuer accepts. */
async function refused(issuers: readonly Issuer[], token: string): Promise<string> {
  const verifier = createVerifier({ issuers })
  onTestFinished(() => verifier.close())
  const { reason, detail } = await refusalOf(verifier.verify(token))
  return `${reason}: ${detail ?? ''}`
}

describe('a token that is neither a JWT nor starts with a configured prefix', () => {
  const withPrefix = [oauth({ issuer, audience, ...opaque })]

  it('without dots: the detail names the prefixes', async () => {
    expect(await refused(withPrefix, 'ory_rt_abc')).toBe(
      'issuer_unknown: the token is opaque, and starts with none of the configured prefixes ["ory_at_"]',
    )
  })

  it.each(['ory_rt_abc.def', 'a.b', 'a.b.c.d'])(
    'with dots, such as %s: so does the detail',
    async (token) => {
      expect(await refused(withPrefix, token)).toBe(
        'token_undecodable: the token is not a JWT, and starts with none of the prefixes of opaque tokens, ["ory_at_"]',
      )
    },
  )

  it('without an issuer for opaque tokens: the detail says so', async () => {
    expect(await refused([oauth({ issuer, audience })], 'ory_rt_abc.def')).toBe(
      'token_undecodable: the token is not a JWT, and no issuer for opaque tokens is configured',
    )
  })
})

describe('a JWT beside issuers that accept opaque tokens only', () => {
  it('the detail says that no issuer accepts JWTs', async () => {
    const issuers = [clerk({ machineSecretKey: 'ak_x', jwtAccess: false })]
    expect(await refused(issuers, jwtOf({ iss: 'https://clerk.example.com', sub: 'mch_billing' }))).toBe(
      'issuer_unknown: the token is a JWT, and no configured issuer accepts JWTs: each accepts opaque tokens only',
    )
  })

  it('a token with the form of a JWT that is not one is not called a JWT', async () => {
    const issuers = [clerk({ machineSecretKey: 'ak_x', jwtAccess: false })]
    expect(await refused(issuers, 'a.b.c')).toMatch(/^issuer_unknown: the token is opaque/)
  })
})

describe('a JWT of another trust domain', () => {
  const ours = spiffe({
    trustDomain: 'prod.acme',
    audience,
    ids: ['spiffe://prod.acme/billing'],
    jwksUri: 'https://spire.acme/keys',
  })

  it.each<[string, object, string]>([
    [
      'sub names another one',
      { sub: 'spiffe://evil/ns/billing' },
      'sub is "spiffe://evil/ns/billing", and names another trust domain than "spiffe://prod.acme/"',
    ],
    [
      'sub names another one, and there is an iss',
      { iss: 'https://spire.evil', sub: 'spiffe://evil/ns/billing' },
      'sub is "spiffe://evil/ns/billing", and names another trust domain than "spiffe://prod.acme/"',
    ],
    ['sub is absent', {}, 'sub is absent, and must begin with "spiffe://prod.acme/"'],
    ['sub is a number', { sub: 5 }, 'sub is 5, and must begin with "spiffe://prod.acme/"'],
    [
      'sub has no path',
      { sub: 'spiffe://prod.acme' },
      'sub is "spiffe://prod.acme", and must begin with "spiffe://prod.acme/"',
    ],
  ])('%s', async (_, claims, expected) => {
    const refusal = await refused([ours], jwtOf(claims))
    expect(refusal.startsWith(`issuer_unknown: ${expected}`), refusal).toBe(true)
  })

  it('a token with another iss and no SPIFFE id is compared with the configured issuers', async () => {
    const issuers = [ours, oauth({ issuer, audience })]
    expect(await refused(issuers, jwtOf({ iss: 'https://hydra.example.com', sub: 'billing' }))).toMatch(
      /^issuer_unknown: iss is "https:\/\/hydra\.example\.com", and the configured issuer is/,
    )
  })
})

describe('what the issuer or the configuration got wrong is quoted', () => {
  it('an introspection response whose iss differs only in a slash', async () => {
    const test = await createTestIssuer()
    onTestFinished(() => test.close())
    test.fail('introspection', {
      status: 200,
      body: { active: true, iss: `${test.url}/`, sub: 'billing', client_id: 'billing', aud: 'x' },
    })
    const options = test.oauth({ audience: 'x', keys: false })
    expect(await refused([oauth(options)], test.mintJwt({ audience: 'x', clientId: 'billing' }))).toBe(
      `claim_invalid: iss of the introspection response is "${test.url}/", and must be "${test.url}": ` +
        'they differ only in a trailing slash',
    )
  })

  it('a jwks_uri that cannot be used', async () => {
    const jwksUri = 'http://keys.example.org/jwks'
    const fetch = () => Promise.resolve(Response.json({ issuer, jwks_uri: jwksUri }))
    const refusal = await refused([oauth({ issuer, audience, fetch })], jwtOf({ iss: issuer, sub: 'x' }))
    expect(refusal).toContain(`has no usable jwks_uri`)
    expect(refusal).toContain(`and is "${jwksUri}"`)
  })

  it('a function for a secret that returns an invalid value: the sentence ends without a URL', async () => {
    const test = await createTestIssuer()
    onTestFinished(() => test.close())
    const options = test.oauth({
      keys: false,
      introspection: { clientId: 'orders', clientSecret: () => '' },
    })
    const refusal = await refused([oauth(options)], test.mintJwt())
    expect(refusal).toMatch(/clientSecret: must be a non-empty string; failing since/)
    expect(refusal).not.toContain('http')
  })

  it('a token whose signature Google Cloud has removed', async () => {
    const key = keyOf('ES256')
    const token = seal(key, { alg: 'ES256', typ: 'JWT', kid: key.kid }, { iss: issuer, sub: 'x', exp: 9e9 })
    const removed = `${token.slice(0, token.lastIndexOf('.'))}.SIGNATURE_REMOVED_BY_GOOGLE`
    const keys = { issuer, audience, jwks: { keys: [key.jwk] } }
    expect(await refused([oauth(keys)], removed)).toMatch(
      /^signature_invalid: Google Cloud has removed the signature of the token\./,
    )
  })

  it.each<[string, () => unknown, string]>([
    [
      'one issuer in place of a list',
      () => createVerifier({ issuers: oauth({ issuer, audience }) as never }),
      'issuers: must be a list of at least one issuer, such as [oauth({ ... })]. Write brackets around a single issuer',
    ],
    [
      'no issuers',
      () => createVerifier({} as never),
      'issuers: is required and must be a list of at least one',
    ],
    [
      'options in place of an issuer',
      () => createVerifier({ issuers: [{ issuer }] as never }),
      'or a preset of m2m-guard/issuers',
    ],
    [
      'an object as a claim of the client',
      () => oauth({ issuer, audience, clientClaims: { path: ['a'], keys: true } as never }),
      "oauth.clientClaims: must be a non-empty string, or a path such as ['client', 'id'], not an object",
    ],
  ])('%s', (_, create, expected) => {
    expect(create).toThrow(expected)
  })
})

it('an iss that is the template itself: the detail says so', async () => {
  const template = 'https://login.test/{tenant}/v2.0'
  const issuers = [oauth({ issuer: template, audience, tenants: ['acme'] })]
  expect(await refused(issuers, jwtOf({ iss: template, sub: 'billing' }))).toBe(
    `issuer_unknown: iss is "${template}", which is the configured template itself and names no tenant`,
  )
})

describe('the audience of an introspected JWT', () => {
  const answered = async (
    test: TestIssuer,
    stated: string | undefined,
    token: string | undefined,
  ): Promise<string> => {
    const options = test.oauth({ audience: 'x', keys: false })
    test.fail('introspection', {
      status: 200,
      body: { active: true, sub: 'billing', client_id: 'billing', aud: stated },
    })
    return refused([oauth(options)], test.mintJwt({ audience: token ?? null, clientId: 'billing' }))
  }

  it.each<[string, string | undefined, string | undefined, string]>([
    [
      'the token names another one than the response',
      'x',
      'other',
      'the introspection response states aud ["x"], the token ["other"], and the configured audience is ["x"]',
    ],
    [
      'the response states none',
      undefined,
      'x',
      'the token states aud ["x"], the introspection response states none, and the configured audience is ["x"]',
    ],
    [
      'both name another one',
      'y',
      'y',
      'the introspection response states aud ["y"], the token ["y"], and the configured audience is ["x"]',
    ],
    ['the token states none', 'y', undefined, 'aud is ["y"], and the configured audience is ["x"]'],
    [
      'neither states one',
      undefined,
      undefined,
      'the token names no audience, and the configured audience is ["x"]',
    ],
  ])('%s', async (_, stated, token, expected) => {
    const test = await createTestIssuer()
    onTestFinished(() => test.close())
    expect(await answered(test, stated, token)).toBe(`audience_mismatch: ${expected}`)
  })
})
