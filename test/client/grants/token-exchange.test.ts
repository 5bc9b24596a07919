import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../../src/index.js'
import {
  tokenExchangeSource,
  type TokenExchangeSource,
  type AnyTokenExchangeSourceOptions,
  type TokenExchangeSourceOptions,
} from '../../../src/client/index.js'
import { clientBed, type ClientBed } from '../../support/client.js'
import { decode } from '../../support/tokens/jwt.js'
import { failureOf } from '../../support/outcomes.js'

/** A gateway that exchanges the tokens of its callers. */
async function bed(
  extra: Partial<AnyTokenExchangeSourceOptions> = {},
): Promise<ClientBed & { readonly exchange: TokenExchangeSource }> {
  const base = await clientBed()
  const { issuer, clock } = base
  const { clientId, clientSecret } = issuer.addClient({ clientId: 'gateway' })
  const exchange = tokenExchangeSource({
    issuer: issuer.url,
    clientId,
    clientSecret,
    clock,
    ...extra,
  } as TokenExchangeSourceOptions)
  onTestFinished(() => exchange.close())
  return { ...base, exchange }
}

describe('tokenExchangeSource', () => {
  it('exchanges the token of a caller for one that the next service accepts, with the subject of the caller', async () => {
    const { issuer, clock, exchange } = await bed({
      scopes: 'orders:read',
      resource: 'https://orders.internal',
    })
    const subjectToken = issuer.mintJwt({ subject: 'alice', scopes: 'orders:read orders:write' })
    const token = await exchange.getToken({ subjectToken })
    const verifier = createVerifier({
      issuers: [oauth(issuer.oauth({ audience: 'https://orders.internal' }))],
      clock,
    })
    onTestFinished(() => verifier.close())
    expect(await verifier.verify(token, { scopes: 'orders:read' })).toMatchObject({
      subject: 'alice',
      clientId: 'gateway',
      scopes: ['orders:read'],
    })
  })

  it('sends the parameters of RFC 8693, and names this service as the actor', async () => {
    const { issuer } = await bed()
    const actor = issuer.mintJwt({ subject: 'gateway' })
    const { clientId, clientSecret } = issuer.addClient({ clientId: 'acting' })
    const forms: URLSearchParams[] = []
    const acting = tokenExchangeSource({
      tokenEndpoint: `${issuer.url}/token`,
      clientId,
      clientSecret,
      actorToken: () => `${actor}\n`,
      requestedTokenType: 'jwt',
      fetch: (input, init) => {
        forms.push(new URLSearchParams(init?.body as string))
        return fetch(input, init)
      },
    })
    onTestFinished(() => acting.close())
    const subjectToken = issuer.mintOpaque({ subject: 'alice' })
    const { claims } = decode(await acting.getToken({ subjectToken }))
    expect(claims).toMatchObject({ sub: 'alice', act: { sub: 'gateway' } })
    const TYPE = 'urn:ietf:params:oauth:token-type:'
    expect(Object.fromEntries(forms[0]!)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: `${TYPE}access_token`,
      actor_token: actor,
      actor_token_type: `${TYPE}access_token`,
      requested_token_type: `${TYPE}jwt`,
    })
  })

  it('exchanges the token of a platform, which is read for every token request', async () => {
    const { issuer } = await bed()
    const { clientId, clientSecret } = issuer.client
    const mint = (): string => issuer.mintJwt({ preset: 'githubActions', audience: issuer.url })
    const { iss, sub } = decode(mint()).claims as { readonly iss: string; readonly sub: string }
    issuer.trust({ issuer: iss, subject: sub, jwks: issuer.jwks('githubActions') })
    const options = { subjectToken: mint, subjectTokenType: 'jwt' } as const
    const source = tokenExchangeSource({ issuer: issuer.url, clientId, clientSecret, ...options })
    onTestFinished(() => source.close())
    expect(decode(await source.getToken()).claims['sub']).toBe(sub)
  })

  it('caches a token per subject token, audience and scopes, and at most maxTokens of them', async () => {
    const { issuer, exchange } = await bed({ maxTokens: 2 })
    const [first, second, third] = ['a', 'b', 'c'].map((subject) => issuer.mintJwt({ subject }))
    const subjectOf = async (subjectToken: string): Promise<unknown> =>
      decode(await exchange.getToken({ subjectToken })).claims['sub']
    expect([await subjectOf(first!), await subjectOf(second!), await subjectOf(first!)]).toEqual([
      'a',
      'b',
      'a',
    ])
    expect(issuer.calls.token).toBe(2)
    expect([await subjectOf(third!), await subjectOf(first!)]).toEqual(['c', 'a'])
    expect(issuer.calls.token).toBe(3)
    expect(await subjectOf(second!)).toBe('b')
    expect(issuer.calls.token).toBe(4)
  })

  it('concurrent callers with different tokens never receive the token of another', async () => {
    const { issuer, exchange } = await bed()
    const subjects = Array.from({ length: 20 }, (_, index) => `subject-${index % 5}`)
    const tokens = new Map([...new Set(subjects)].map((subject) => [subject, issuer.mintJwt({ subject })]))
    const obtained = await Promise.all(
      subjects.map((subject) => exchange.getToken({ subjectToken: tokens.get(subject)! })),
    )
    expect(obtained.map((token) => decode(token).claims['sub'])).toEqual(subjects)
    expect(issuer.calls.token).toBe(5)
  })

  it('source.fetch takes the token of the caller', async () => {
    const { issuer, exchange } = await bed()
    const error = await failureOf(exchange.fetch('https://x.test', {}, { subjectToken: issuer.mintJwt() }))
    expect(error.message).toContain('allowedOrigins')
  })

  it.each<[string, (by: ClientBed) => string, string]>([
    ['that is revoked', ({ issuer }) => revoked(issuer.mintJwt(), issuer), 'invalid_request'],
    ['that has expired', ({ issuer }) => issuer.mintJwt({ expiresIn: -1 }), 'invalid_request'],
    ['of another issuer', ({ issuer }) => issuer.mintJwt({ preset: 'google' }), 'invalid_request'],
  ])('a token %s is request_refused, and is not quoted', async (_, tokenOf, code) => {
    const by = await bed()
    const subjectToken = tokenOf(by)
    const error = await failureOf(by.exchange.getToken({ subjectToken }))
    expect(error).toMatchObject({ reason: 'request_refused', code })
    expect(error.message).not.toContain(subjectToken)
  })

  it('a scope that the caller does not have is refused', async () => {
    const { issuer, exchange } = await bed({ scopes: 'orders:write' })
    const subjectToken = issuer.mintJwt({ scopes: 'orders:read' })
    expect(await failureOf(exchange.getToken({ subjectToken }))).toMatchObject({ code: 'invalid_scope' })
  })

  it.each<[string, object | undefined, string]>([
    ['no token', undefined, 'getToken.subjectToken'],
    ['undefined in place of a token', { subjectToken: undefined }, 'getToken.subjectToken'],
    ['a token with a line break', { subjectToken: 'hunter2\n' }, 'getToken.subjectToken'],
  ])('%s is a ConfigurationError before anything is sent', async (_, request, option) => {
    const { issuer, exchange } = await bed()
    const error = await failureOf(exchange.getToken(request))
    expect(error).toMatchObject({ name: 'ConfigurationError', option })
    expect(error.message).not.toContain('hunter2')
    expect(issuer.calls.token).toBe(0)
  })

  it.each<[string, object, RegExp]>([
    [
      'neither issuer nor tokenEndpoint',
      { issuer: undefined },
      /requires exactly one of issuer and tokenEndpoint/,
    ],
    [
      'an unknown type',
      { subjectTokenType: 'bearer' },
      /subjectTokenType: must be 'access_token'.* or a URN/,
    ],
    ['a type of no actor', { actorTokenType: 'jwt' }, /actorTokenType: has no effect without actorToken/],
    [
      'a parameter of the grant',
      { parameters: { subject_token: 'x' } },
      /parameters\.subject_token: is set by/,
    ],
  ])('%s is refused at start', (_, extra, message) => {
    const options = { issuer: 'https://auth.test', clientId: 'a', clientSecret: 'b', ...extra }
    expect(() => tokenExchangeSource(options as TokenExchangeSourceOptions)).toThrow(message)
  })
})

function revoked(token: string, issuer: ClientBed['issuer']): string {
  issuer.revoke(token)
  return token
}
