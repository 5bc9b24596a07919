import { TokenSourceError } from '../../src/client/index.js'
import {
  createPrivateKey,
  generateKeyPairSync,
  type ED25519KeyPairOptions,
  type JsonWebKey,
} from 'node:crypto'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { clerk, createVerifier, oauth, stytch } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { saysJson } from '../support/servers/misbehaviours.js'
import { decode } from '../support/tokens/jwt.js'
import { clientBed } from '../support/client.js'
import { failureOf } from '../support/outcomes.js'
import { serve } from '../support/servers/servers.js'

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048, ...PEM })
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM })
const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384', ...PEM })
const ED = generateKeyPairSync('ed25519', PEM)
const JWK: JsonWebKey = { ...createPrivateKey(P256.privateKey).export({ format: 'jwk' }), kid: 'of the JWK' }

describe('the token request', () => {
  it('is a form with encoded credentials in the header and no unrequested parameter', async () => {
    const { issuer, source, sent } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ clientId: 'a:b c', clientSecret: 'x: 100% +' })
    await source({ clientId, clientSecret }).getToken()
    const [request] = sent
    expect([request!.method, request!.url]).toEqual(['POST', `${issuer.url}/token`])
    expect(request!.headers.get('content-type')).toBe('application/x-www-form-urlencoded')
    expect(request!.headers.get('accept')).toBe('application/json')
    const pair = Buffer.from(request!.headers.get('authorization')!.slice(6), 'base64').toString()
    expect(pair).toBe('a%3Ab+c:x%3A+100%25+%2B')
    expect(request!.body).toBe('grant_type=client_credentials')
  })

  it('contains the credentials in the form with post', async () => {
    const { issuer, source, sent } = await clientBed()
    await source({ authentication: 'post' }).getToken()
    expect(sent[0]!.headers.get('authorization')).toBeNull()
    expect(Object.fromEntries(sent[0]!.form)).toEqual({
      grant_type: 'client_credentials',
      client_id: issuer.client.clientId,
      client_secret: issuer.client.clientSecret,
    })
  })

  it('contains sorted scopes, each audience and resource, and additional parameters', async () => {
    const { source, sent } = await clientBed()
    const tokens = source({
      scopes: 'b a',
      resource: ['https://y.test', 'https://x.test'],
      parameters: { token_format: 'opaque', tenant: 'ä&=' },
    })
    await tokens.getToken()
    const { form } = sent[0]!
    expect(form.getAll('resource')).toEqual(['https://x.test', 'https://y.test'])
    expect(form.get('scope')).toBe('a b')
    expect([form.get('token_format'), form.get('tenant'), form.has('audience')]).toEqual([
      'opaque',
      'ä&=',
      false,
    ])
    await tokens.getToken({ audience: 'https://z.test', resource: 'https://w.test' })
    expect([...sent[1]!.form].filter(([name]) => name === 'audience' || name === 'resource')).toEqual([
      ['audience', 'https://z.test'],
      ['resource', 'https://w.test'],
    ])
  })

  it('obtains a token that the guard accepts for that audience and those scopes', async () => {
    const { issuer, source, clock } = await clientBed()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock })
    const tokens = source({ resource: issuer.audience, scopes: 'orders:read' })
    const token = await verifier.verify(await tokens.getToken(), { scopes: 'orders:read' })
    expect(token).toMatchObject({ clientId: issuer.client.clientId, audience: [issuer.audience] })
    verifier.close()
  })
})

describe('discovery', () => {
  it('finds the token endpoint of the issuer, once for many tokens', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source({ issuer: issuer.url, tokenEndpoint: undefined })
    await Promise.all(['a', 'b', 'c'].map((scopes) => tokens.getToken({ scopes })))
    expect([issuer.calls.discovery, issuer.calls.token]).toEqual([1, 3])
  })

  it('repeats the lookup after an hour, and keeps the known endpoint if it fails', async () => {
    const { issuer, source, pass } = await clientBed()
    const tokens = source({ issuer: issuer.url, tokenEndpoint: undefined })
    await tokens.getToken()
    issuer.fail('discovery', 503)
    pass(3601)
    await tokens.getToken({ scopes: 'later' })
    expect(issuer.calls.discovery).toBe(2)
  })

  it.each([
    ['/tenant', '/.well-known/oauth-authorization-server/tenant'],
    ['/tenant/', '/.well-known/oauth-authorization-server/tenant'],
    ['/tenant', '/tenant/.well-known/openid-configuration'],
  ])('of %s also requests %s', async (path, address) => {
    const { issuer, source } = await clientBed()
    const url = await serve((request, response) => {
      const found = request.url === address
      response.writeHead(found ? 200 : 404).end(
        JSON.stringify({
          issuer: `http://${request.headers.host!}${path}`,
          token_endpoint: `${issuer.url}/token`,
        }),
      )
    })
    expect(await source({ issuer: url + path, tokenEndpoint: undefined }).getToken()).toBeTypeOf('string')
  })

  it.each<[string, Readonly<Record<string, unknown>> | number, string, string]>([
    ['another issuer', { issuer: 'https://evil.test' }, 'answer_unreadable', 'exactly the value'],
    ['no issuer', { issuer: undefined }, 'answer_unreadable', 'exactly the value'],
    ['no token endpoint', { token_endpoint: undefined }, 'answer_unreadable', 'Set tokenEndpoint'],
    [
      'an endpoint without TLS',
      { token_endpoint: 'http://a.test/t' },
      'answer_unreadable',
      'Set tokenEndpoint',
    ],
    ['404', 404, 'answer_unreadable', 'Check issuer'],
    ['401', 401, 'answer_unreadable', 'Check issuer'],
    ['503', 503, 'issuer_unavailable', 'after the backoff'],
  ])('with %s sends no credentials and says what to do', async (_, bent, reason, advice) => {
    const { issuer, source } = await clientBed()
    const right = { issuer: issuer.url, token_endpoint: `${issuer.url}/token` }
    issuer.fail('discovery', typeof bent === 'number' ? bent : { body: { ...right, ...bent } })
    const error = await failureOf(
      source({ issuer: issuer.url, tokenEndpoint: undefined }).getToken(),
      TokenSourceError,
    )
    expect([error.reason, error.message]).toEqual([reason, expect.stringContaining(advice)])
    expect(issuer.calls.token).toBe(0)
  })
})

describe('private_key_jwt', () => {
  it.each([
    ['RSA in PEM', RSA, RSA.privateKey, undefined, 'RS256'],
    ['RSA with PS256', RSA, RSA.privateKey, 'PS256', 'PS256'],
    ['P-256 as a KeyObject', P256, createPrivateKey(P256.privateKey), undefined, 'ES256'],
    ['P-256 as a JWK', P256, JWK, undefined, 'ES256'],
    ['P-384', P384, P384.privateKey, undefined, 'ES384'],
    ['Ed25519', ED, ED.privateKey, undefined, 'EdDSA'],
    ['Ed25519 by its own name', ED, ED.privateKey, 'Ed25519', 'Ed25519'],
  ])(
    'with %s signs an assertion that the issuer accepts',
    async (_, { publicKey }, privateKey, algorithm, expected) => {
      const { issuer, source, sent, clock } = await clientBed()
      const { clientId } = issuer.addClient({ publicKey })
      const options = {
        clientId,
        clientSecret: undefined,
        authentication: 'private_key_jwt',
        privateKey,
      } as const
      const tokens = source({ ...options, issuer: issuer.url, tokenEndpoint: undefined, algorithm })
      await tokens.getToken({ scopes: 'a' })
      await tokens.getToken({ scopes: 'b' })
      const [first, second] = sent.filter(({ method }) => method === 'POST').map(({ form }) => form)
      expect(first!.get('client_assertion_type')).toBe(
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      )
      expect(first!.has('client_secret')).toBe(false)
      const { header, claims } = decode(first!.get('client_assertion')!)
      expect(header['alg']).toBe(expected)
      expect(header['kid']).toBe(privateKey === JWK ? 'of the JWK' : undefined)
      const now = clock() / 1000
      expect(claims).toEqual({
        iss: clientId,
        sub: clientId,
        aud: issuer.url,
        iat: now,
        exp: now + 60,
        jti: expect.any(String) as string,
      })
      expect(decode(second!.get('client_assertion')!).claims['jti']).not.toBe(claims['jti'])
    },
  )

  it('has the token endpoint as audience without an issuer, or the configured audience', async () => {
    const { issuer, source, sent } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey: P256.publicKey })
    const options = {
      clientId,
      clientSecret: undefined,
      authentication: 'private_key_jwt',
      privateKey: () => Promise.resolve(P256.privateKey),
      keyId: 'mine',
    } as const
    await source(options).getToken()
    await source({ ...options, assertionAudience: issuer.url }).getToken()
    const assertions = sent.map(({ form }) => form.get('client_assertion')!)
    expect(assertions.map((jwt) => decode(jwt).claims['aud'])).toEqual([`${issuer.url}/token`, issuer.url])
    expect(decodeProtectedHeader(assertions[0]!)).toMatchObject({ kid: 'mine', typ: 'JWT' })
  })

  it('with an unregistered key is credentials_refused', async () => {
    const { issuer, source } = await clientBed()
    const { clientId } = issuer.addClient({ publicKey: P256.publicKey })
    const options = { clientId, clientSecret: undefined, authentication: 'private_key_jwt' } as const
    const error = await failureOf(
      source({ ...options, privateKey: ED.privateKey }).getToken(),
      TokenSourceError,
    )
    expect(error).toMatchObject({ reason: 'credentials_refused', code: 'invalid_client', status: 401 })
  })
})

describe('a secret', () => {
  it.each<[string, (secret: string) => string | Promise<string> | (() => string | Promise<string>)]>([
    ['a string', (secret) => secret],
    ['a promise', (secret) => Promise.resolve(secret)],
    ['a function', (secret) => () => secret],
    ['a function of a promise', (secret) => () => Promise.resolve(secret)],
  ])('may be %s', async (_, wrap) => {
    const { issuer, source, clerkSource } = await clientBed()
    expect(await source({ clientSecret: wrap(issuer.client.clientSecret) }).getToken()).toBeTypeOf('string')
    const machineSecretKey = wrap(issuer.clerkMachines.sender.secretKey)
    expect(await clerkSource({ machineSecretKey }).getToken()).toMatch(/^mt_/)
  })

  it('as a function is called for every token request', async () => {
    const { issuer, source } = await clientBed()
    const { clientId, clientSecret } = issuer.client
    let current = clientSecret
    const tokens = source({ clientSecret: () => current })
    await tokens.getToken()
    issuer.addClient({ clientId, clientSecret: 'rotated' })
    current = 'rotated'
    expect(await tokens.getToken({ scopes: 'a' })).toBeTypeOf('string')
    expect(issuer.calls.token).toBe(2)
  })

  it('that was rotated during the request is read again and tried once', async () => {
    const { issuer, source } = await clientBed()
    const { clientId } = issuer.addClient({ clientId: 'x', clientSecret: 'new' })
    const secrets = ['old', 'new', 'newer']
    let reads = 0
    const tokens = source({ clientId, clientSecret: () => secrets[reads++]! })
    expect(await tokens.getToken()).toBeTypeOf('string')
    expect([reads, issuer.calls.token]).toEqual([2, 2])
  })

  it.each<[string, string | (() => string), number]>([
    ['that is the same when read again is not sent again', () => 'wrong', 1],
    ['that cannot have changed is not sent again', 'wrong', 1],
    ['is tried at most twice', wrongEachTime(), 2],
  ])('%s', async (_, clientSecret, calls) => {
    const { issuer, source } = await clientBed()
    const error = await failureOf(source({ clientSecret }).getToken(), TokenSourceError)
    expect(error).toMatchObject({ reason: 'credentials_refused', code: 'invalid_client', status: 401 })
    expect(issuer.calls.token).toBe(calls)
  })

  it('that cannot be read is credentials_unavailable and causes no request', async () => {
    const { issuer, source } = await clientBed()
    const broken = [
      () => Promise.reject(new Error('the vault says hunter2')),
      () => {
        throw new Error('hunter2')
      },
      () => '',
      () => undefined as unknown as string,
      Promise.reject<string>(new Error('hunter2')),
    ]
    for (const clientSecret of broken) {
      const error = await failureOf(source({ clientSecret }).getToken(), TokenSourceError)
      expect(error.reason).toBe('credentials_unavailable')
      expect(error.message).toContain('tokenSource.clientSecret')
      expect(error.message).not.toContain('hunter2')
    }
    expect(issuer.calls.token).toBe(0)
  })
})

function wrongEachTime(): () => string {
  let reads = 0
  return () => `wrong ${(reads += 1)}`
}

describe('a response', () => {
  const good = { access_token: 'abc', token_type: 'Bearer', expires_in: 60 }

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['BEARER', { token_type: 'BEARER' }],
    ['bearer', { token_type: 'bearer' }],
    ['expires_in as a string', { expires_in: '60' }],
    ['expires_in null', { expires_in: null }],
    ['unknown members', { refresh_token: 'x', scope: 7 }],
  ])('with %s is read', async (_, members) => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', { body: { ...good, ...members } })
    expect(await source().getToken()).toBe('abc')
  })

  it.each<[string, Parameters<TestIssuer['fail']>[1], string]>([
    ['a DPoP token', { body: { ...good, token_type: 'DPoP' } }, 'DPoP'],
    ['another type', { body: { ...good, token_type: 'mac' } }, 'token_type'],
    ['no type', { body: { ...good, token_type: undefined } }, 'token_type'],
    ['no token', { body: { ...good, access_token: undefined } }, 'access_token'],
    ['an empty token', { body: { ...good, access_token: '' } }, 'access_token'],
    ['a token that breaks a header', { body: { ...good, access_token: 'a\r\nb: c' } }, 'header'],
    ['a token that is a list', { body: { ...good, access_token: ['a'] } }, 'access_token'],
    ['expires_in -1', { body: { ...good, expires_in: -1 } }, 'expires_in'],
    ['expires_in in words', { body: { ...good, expires_in: 'soon' } }, 'expires_in'],
    ['a login page', 'html', 'without a JSON object'],
    ['an empty body', 'empty', 'without a JSON object'],
    ['half of the body', 'truncated', 'without a JSON object'],
    ['a redirect', 'redirect', '307'],
    ['a list', { body: [] }, 'without a JSON object'],
    ['404 in HTML', { status: 404, body: '<h1>?' }, '404'],
    ['a body that is too large', { body: { ...good, x: 'x'.repeat(300_000) } }, 'larger than'],
  ])('that is %s is refused', async (_, fault, words) => {
    const { issuer, source } = await clientBed()
    issuer.fail('token', fault)
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error.reason).toBe('answer_unreadable')
    expect(error.message).toContain(words)
    expect(issuer.calls.token).toBe(1)
  })

  it.each<[number, string | undefined, string]>([
    [400, 'invalid_scope', 'request_refused'],
    [400, 'invalid_target', 'request_refused'],
    [400, 'unauthorized_client', 'request_refused'],
    [403, 'access_denied', 'request_refused'],
    [400, 'invalid_client', 'credentials_refused'],
    [401, 'invalid_client', 'credentials_refused'],
    [401, undefined, 'credentials_refused'],
    [400, 'temporarily_unavailable', 'issuer_unavailable'],
    [429, undefined, 'issuer_unavailable'],
    [429, 'invalid_client', 'issuer_unavailable'],
    [500, 'server_error', 'issuer_unavailable'],
    [503, undefined, 'issuer_unavailable'],
    [408, undefined, 'issuer_unavailable'],
  ])('%d %s is %s', async (status, code, reason) => {
    const { issuer, source } = await clientBed()
    issuer.fail(
      'token',
      saysJson(status, code === undefined ? {} : { error: code, error_description: 'Why.' }),
    )
    const error = await failureOf(source().getToken(), TokenSourceError)
    expect(error).toMatchObject({ name: 'TokenSourceError', reason, status, code })
    expect(error.message).toContain(code === undefined ? String(status) : `${status} ${code} (Why)`)
  })

  it('to a request for more than the client may have is known by its code', async () => {
    const { issuer, source } = await clientBed()
    const { clientId, clientSecret } = issuer.addClient({ scopes: 'a', audiences: 'https://x.test' })
    const tokens = source({ clientId, clientSecret, resource: 'https://x.test' })
    expect((await failureOf(tokens.getToken({ scopes: 'b' }), TokenSourceError)).code).toBe('invalid_scope')
    expect((await failureOf(tokens.getToken({ resource: 'https://y.test' }), TokenSourceError)).code).toBe(
      'invalid_target',
    )
    expect(await tokens.getToken()).toBeTypeOf('string')
  })
})

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

it('jose verifies the signature of a token from the test issuer', async () => {
  const { issuer, source, clock } = await clientBed()
  const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`))
  const { payload } = await jwtVerify(await source().getToken(), keys, { currentDate: new Date(clock()) })
  expect(payload.sub).toBe(issuer.client.clientId)
})
