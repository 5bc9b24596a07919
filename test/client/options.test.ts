import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/index.js'
import { clerkTokenSource, tokenSource } from '../../src/client/index.js'
import { clientBed } from '../support/client.js'

const EC = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const WEAK = generateKeyPairSync('rsa', {
  modulusLength: 1024,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}).privateKey

const GOOD = { issuer: 'https://auth.test', clientId: 'me', clientSecret: 'hunter2' }
const KEY = { clientSecret: undefined, authentication: 'private_key_jwt', privateKey: EC.privateKey }
const STYTCH = { issuer: undefined, stytch: { projectId: 'project-test-1' } }

/** An option that is present as `undefined`. */
const UNDEFINED = Symbol('undefined')

/** The option an error names, or what else came of it. */
function complaint(make: () => unknown): string {
  try {
    make()
    return 'none'
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    for (const secret of ['hunter2', EC.privateKey.slice(40, 60)]) expect(error.message).not.toContain(secret)
    return error.option
  }
}

describe('tokenSource', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['nothing', { issuer: undefined }, ''],
    ['two endpoints', { tokenEndpoint: 'https://a.test/t' }, ''],
    ['a misspelt option', { scope: 'a' }, '.scope'],
    ['an issuer without TLS', { issuer: 'http://auth.test' }, '.issuer'],
    [
      'an endpoint with a password',
      { issuer: undefined, tokenEndpoint: 'https://a:hunter2@b.test' },
      '.tokenEndpoint',
    ],
    ['no client id', { clientId: undefined }, '.clientId'],
    ['no secret', { clientSecret: undefined }, '.clientSecret'],
    ['an empty secret', { clientSecret: ' ' }, '.clientSecret'],
    ['an unknown authentication', { authentication: 'tls' }, '.authentication'],
    ['a key beside a secret', { privateKey: EC.privateKey }, '.privateKey'],
    ['a secret beside a key', { ...KEY, clientSecret: 'hunter2' }, '.clientSecret'],
    ['no key', { ...KEY, privateKey: undefined }, '.privateKey'],
    ['a public key', { ...KEY, privateKey: EC.publicKey }, '.privateKey'],
    ['a weak key', { ...KEY, privateKey: WEAK }, '.privateKey'],
    ['a string that is not a key', { ...KEY, privateKey: 'hunter2' }, '.privateKey'],
    ['a symmetric JWK', { ...KEY, privateKey: { kty: 'oct', k: 'aHVudGVyMg' } }, '.privateKey'],
    ['an algorithm of another key', { ...KEY, algorithm: 'RS256' }, '.algorithm'],
    ['a symmetric algorithm', { ...KEY, algorithm: 'HS256' }, '.algorithm'],
    ['an empty assertion audience', { ...KEY, assertionAudience: '' }, '.assertionAudience'],
    ['an empty list of audiences', { audience: [] }, '.audience'],
    ['a resource that is not a URL', { resource: 'orders' }, '.resource'],
    ['a resource with a fragment', { resource: 'https://a.test/#b' }, '.resource'],
    ['a scope with a quote', { scopes: ['a"b'] }, '.scopes'],
    ['no scope in the list', { scopes: [] }, '.scopes'],
    ['a scope with a space', { scopes: ['a b'] }, '.scopes'],
    ['scopes that are not strings', { scopes: [1] }, '.scopes'],
    ['a reserved parameter', { parameters: { client_secret: 'x' } }, '.parameters.client_secret'],
    ['a parameter that is not a string', { parameters: { a: 1 } }, '.parameters.a'],
    ['renewAt 1', { renewAt: 1 }, '.renewAt'],
    ['renewAt NaN', { renewAt: Number.NaN }, '.renewAt'],
    ['a deadline in words', { deadline: 'soon' }, '.deadline'],
    ['no tokens', { maxTokens: 0 }, '.maxTokens'],
    ['a fetch that is not a function', { fetch: 'https://a.test' }, '.fetch'],
    ['a clock that is not a function', { clock: 7 }, '.clock'],
    ['no lifetime', { assumedLifetime: 0 }, '.assumedLifetime'],
    ['every origin', { allowedOrigins: '*' }, '.allowedOrigins'],
    ['an origin without TLS', { allowedOrigins: 'http://a.test' }, '.allowedOrigins'],
    ['an origin with a path', { allowedOrigins: ['https://a.test/b'] }, '.allowedOrigins'],
    ['no origin', { allowedOrigins: [] }, '.allowedOrigins'],
    ['a wildcard', { allowedOrigins: 'https://*.a.test/' }, '.allowedOrigins'],
    ['scopes separated by commas', { scopes: 'a,b' }, '.scopes'],
    ['an undefined audience', { audience: UNDEFINED }, '.audience'],
    ['undefined scopes', { scopes: UNDEFINED }, '.scopes'],
    ['a short age limit', { maxAge: 1 }, '.maxAge'],
    ['a negative margin', { margin: -1 }, '.margin'],
    ['no requests', { maxConcurrent: 0 }, '.maxConcurrent'],
    ['retryOn401 true', { retryOn401: true }, '.retryOn401'],
    ['an unknown token type', { tokenType: 'mac' }, '.tokenType'],
    ['a clock that differs by a minute', { clockSkew: '1m' }, '.clockSkew'],
    ['a URL of an insecure host', { insecureHosts: ['http://a.test'] }, '.insecureHosts'],
    ['an observer that is not a function', { onEvent: 7 }, '.onEvent'],
    ['an unknown renewal', { renewal: 'lazy' }, '.renewal'],
    [
      'hosts without TLS that are listed',
      {
        issuer: 'http://auth.mesh',
        allowedOrigins: 'http://a.mesh:8080',
        insecureHosts: ['auth.mesh', 'a.mesh:8080'],
      },
      'none',
    ],
    ['a comma in a scope of a list', { scopes: ['a,b'] }, 'none'],
    ['basic at Stytch', { ...STYTCH, authentication: 'basic' }, '.authentication'],
    ['an audience at Stytch', { ...STYTCH, audience: 'x' }, '.audience'],
    ['a resource at Stytch', { ...STYTCH, resource: 'https://x.test' }, '.resource'],
    ['no project', { ...STYTCH, stytch: {} }, '.stytch.projectId'],
    ['a misspelt option of stytch', { ...STYTCH, stytch: { projectId: 'p', url: 'x' } }, '.stytch.url'],
    ['the required options', {}, 'none'],
    ['the required options with a key', KEY, 'none'],
    ['the required options at Stytch', STYTCH, 'none'],
  ])('with %s', (_, extra, option) => {
    const options = Object.fromEntries(
      Object.entries<unknown>({ ...GOOD, ...extra })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, value === UNDEFINED ? undefined : value]),
    )
    const expected = option === 'none' ? 'none' : `tokenSource${option}`
    expect(complaint(() => tokenSource(options as never))).toBe(expected)
  })
})

describe('clerkTokenSource', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['no key', { machineSecretKey: undefined }, 'machineSecretKey'],
    ["the instance's key", { machineSecretKey: 'sk_test_hunter2' }, 'machineSecretKey'],
    ['a key with a line break', { machineSecretKey: 'ak_hunter2\n' }, 'machineSecretKey'],
    ['another format', { format: 'paseto' }, 'format'],
    ['a short lifetime', { expiresIn: 1 }, 'expiresIn'],
    ['claims in a list', { claims: [] }, 'claims'],
    ['claims that are not JSON', { claims: { a: 1n } }, 'claims'],
    ['minRemainingTtl of a JWT', { format: 'jwt', minRemainingTtl: 60 }, 'minRemainingTtl'],
    ['minRemainingTtl as long as the lifetime', { expiresIn: 60, minRemainingTtl: 60 }, 'minRemainingTtl'],
    ['scopes', { scopes: 'a' }, 'scopes'],
    ['an API without TLS', { apiUrl: 'http://api.test' }, 'apiUrl'],
    ['the required options', {}, 'none'],
  ])('with %s', (_, extra, option) => {
    const options = Object.fromEntries(
      Object.entries({ machineSecretKey: 'ak_hunter2', ...extra }).filter(([, value]) => value !== undefined),
    )
    const expected = option === 'none' ? 'none' : `clerkTokenSource.${option}`
    expect(complaint(() => clerkTokenSource(options as never))).toBe(expected)
  })
})

describe('a token request', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['a misspelt option', { scope: 'a' }, 'getToken.scope'],
    ['a wrong scope', { scopes: 'a"' }, 'getToken.scopes'],
    ['a string without a scope', { scopes: ' ' }, 'getToken.scopes'],
    ['an empty string of scopes', { scopes: '' }, 'getToken.scopes'],
    ['an empty list of scopes', { scopes: [] }, 'getToken.scopes'],
    ['a wrong resource', { resource: 'x' }, 'getToken.resource'],
    ['an audience that is not a string', { audience: 7 }, 'getToken.audience'],
  ])('with %s is rejected before anything is sent', async (_, request, option) => {
    const { issuer, source } = await clientBed()
    await expect(source().getToken(request)).rejects.toMatchObject({ name: 'ConfigurationError', option })
    expect(issuer.calls.total).toBe(0)
  })

  it('has no audience at Stytch, and neither audience nor scopes at Clerk', async () => {
    const { stytchSource, clerkSource } = await clientBed()
    await expect(stytchSource().getToken({ audience: 'x' })).rejects.toBeInstanceOf(ConfigurationError)
    await expect(clerkSource().getToken({ scopes: 'x' })).rejects.toBeInstanceOf(ConfigurationError)
    await expect(clerkSource().getToken({ audience: 'x' })).rejects.toBeInstanceOf(ConfigurationError)
  })
})

it('a source is frozen, and its functions can be called without it', async () => {
  const { source } = await clientBed()
  const tokens = source()
  expect(Object.isFrozen(tokens)).toBe(true)
  const { getToken, forget, close } = tokens
  forget(await getToken())
  close()
})
