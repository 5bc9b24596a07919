import { describe, expect, it, vi } from 'vitest'
import {
  authlete,
  clerk,
  ConfigurationError,
  createVerifier,
  oauth,
  stytch,
  type OAuthOptions,
} from '../../../src/index.js'
import { testBed, type TestBed } from '../../support/test-bed.js'

const HOST = 'keycloak.test:8080'
const ISSUER = `http://${HOST}`

/** A `fetch` that answers for the insecure host with the test issuer, and records the URLs. */
function routedFetch(target: string, called: string[], metadata: object = {}): typeof fetch {
  return async (input, init) => {
    const { url } = new Request(input)
    called.push(url)
    const { pathname } = new URL(url)
    if (pathname.startsWith('/.well-known/'))
      return Response.json({
        issuer: ISSUER,
        jwks_uri: `${ISSUER}/jwks`,
        introspection_endpoint: `${ISSUER}/introspect`,
        ...metadata,
      })
    return fetch(target + pathname, init)
  }
}

async function bedAt(
  extra: Partial<OAuthOptions>,
  metadata: object = {},
): Promise<TestBed & { readonly called: string[] }> {
  const called: string[] = []
  const bed = await testBed({
    mint: { claims: { iss: extra.issuer ?? ISSUER } },
    issuers: (by) => [
      oauth({
        ...by.oauth(),
        issuer: ISSUER,
        insecureHosts: [HOST],
        fetch: routedFetch(by.url, called, metadata),
        ...extra,
      }),
    ],
  })
  return { ...bed, called }
}

describe('insecureHosts', () => {
  it('allows plain http for discovery, keys and introspection at exactly this host', async () => {
    const { jwt, opaque, outcome, called } = await bedAt({})
    expect(await outcome(jwt())).toBe('accepted')
    expect(await outcome(opaque())).toBe('accepted')
    expect(called).toEqual([
      `${ISSUER}/.well-known/openid-configuration`,
      `${ISSUER}/jwks`,
      `${ISSUER}/introspect`,
    ])
  })

  it.each([
    'http://keycloak.test/jwks',
    'http://keycloak.test:8081/jwks',
    'http://a.keycloak.test:8080/jwks',
  ])('allows no other host or port in a discovery document: %s', async (jwksUri) => {
    const { jwt, outcome, called } = await bedAt({}, { jwks_uri: jwksUri })
    expect(await outcome(jwt())).toBe('keys_unavailable')
    expect(called).not.toContain(jwksUri)
  })

  it('allows an https issuer to name a listed host, for keys inside a cluster', async () => {
    const issuer = 'https://login.test'
    const { jwt, outcome, called } = await bedAt({ issuer }, { issuer })
    expect(await outcome(jwt())).toBe('accepted')
    expect(called).toContain(`${ISSUER}/jwks`)
  })

  it('lets an issuer at a listed host reach no port of this machine', async () => {
    const { issuer, jwt, outcome, called } = await bedAt({}, { jwks_uri: 'http://127.0.0.1:9/jwks' })
    expect(await outcome(jwt())).toBe('keys_unavailable')
    expect(called).not.toContain('http://127.0.0.1:9/jwks')
    expect(issuer.calls.jwks).toBe(0)
  })

  it.each([
    ['http://keycloak.test:8080', ['keycloak.test'], false],
    ['http://keycloak.test', ['keycloak.test'], true],
    ['http://keycloak.test:80', ['keycloak.test'], true],
    ['http://keycloak.test', ['keycloak.test:80'], true],
    ['http://KEYCLOAK.test:8080', ['keycloak.TEST:8080'], true],
    ['http://[fd00::1]:8080', ['[fd00:0::1]:8080'], true],
    ['http://my_service:8080', ['my_service:8080'], true],
    ['http://sub.keycloak.test:8080', ['keycloak.test:8080'], false],
    ['ftp://keycloak.test:8080', ['keycloak.test:8080'], false],
    ['http://10.0.0.5:8080', ['10.0.0.5:8080'], true],
    ['http://idp.localhost:8080', [], true],
    ['http://localhost.evil.test', [], false],
  ])('of %s with %j: %s', (issuer, insecureHosts, isAllowed) => {
    const create = (): unknown => oauth({ issuer, audience: 'x', insecureHosts })
    if (isAllowed) expect(create).not.toThrow()
    else
      expect(create).toThrow(
        /https: URL \(http: is for loopback addresses only, and for hosts in insecureHosts\)/,
      )
  })

  it.each([
    'http://keycloak:8080',
    'keycloak:8080/',
    '*.svc.cluster.local',
    'keycloak:*',
    'keycloak:0',
    'keycloak:65536',
    'keycloak:http',
    'user@keycloak',
    'keycloak.',
    'key cloak',
    'fd00::1',
    '[fd00::1',
    '0x7f.1',
    '2130706433',
    '',
    7,
    null,
  ])('refuses %j and says what is expected', (entry) => {
    const create = (): unknown =>
      oauth({ issuer: 'https://a.test', audience: 'x', insecureHosts: [entry] as never })
    expect(create).toThrow(ConfigurationError)
    expect(create).toThrow(/insecureHosts: must/)
  })

  it('applies to every URL of every provider, also in nested options', () => {
    const insecureHosts = [HOST]
    const introspection = { endpoint: `${ISSUER}/i`, clientId: 'a', clientSecret: 'b' }
    expect(() => [
      oauth({ issuer: 'x', audience: 'x', insecureHosts, jwksUri: `${ISSUER}/j`, introspection }),
      clerk({
        machineSecretKey: 'ak_1',
        jwtAccess: 'any-machine',
        apiUrl: ISSUER,
        issuer: ISSUER,
        insecureHosts,
      }),
      stytch({ projectId: 'project-test-1', apiUrl: ISSUER, insecureHosts }),
      authlete({ serviceId: '1', serviceAccessToken: 't', apiUrl: ISSUER, insecureHosts }),
    ]).not.toThrow()
    expect(() => oauth({ issuer: 'https://a.test', audience: 'x', introspection })).toThrow(
      /introspection.endpoint: must be an https: URL/,
    )
  })

  it('is read from a custom issuer too', () => {
    const issuer = { ...oauth({ issuer: 'x', audience: 'x', insecureHosts: [HOST], jwksUri: `${ISSUER}/j` }) }
    expect(() => createVerifier({ issuers: [issuer] })).not.toThrow()
    expect(() => createVerifier({ issuers: [{ ...issuer, insecureHosts: ['other.test:8080'] }] })).toThrow(
      /issuers\[0\].jwt.keys.url/,
    )
    expect(() => createVerifier({ issuers: [{ ...issuer, insecureHosts: ['http://x'] }] })).toThrow(
      /issuers\[0\].insecureHosts/,
    )
  })

  it('is listed by health(), and causes one process warning per host', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    try {
      const options = {
        issuer: 'https://a.test',
        audience: 'x',
        insecureHosts: ['warned.test', 'Warned.test:80'],
      }
      const verifier = createVerifier({ issuers: [oauth(options)] })
      createVerifier({ issuers: [oauth(options)] })
      expect(verifier.health().issuers[0]).toMatchObject({ insecureHosts: ['warned.test'] })
      expect(warn.mock.calls).toEqual([
        [
          expect.stringMatching(/^warned\.test is called over plain http/),
          { code: 'M2M_GUARD_INSECURE_HOST' },
        ],
      ])
    } finally {
      warn.mockRestore()
    }
  })

  it('is absent from health() without such hosts', () => {
    const verifier = createVerifier({ issuers: [oauth({ issuer: 'https://a.test', audience: 'x' })] })
    expect(verifier.health().issuers[0]).not.toHaveProperty('insecureHosts')
  })
})
