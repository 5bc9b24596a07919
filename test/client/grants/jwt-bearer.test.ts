import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../../src/index.js'
import {
  jwtBearerTokenSource,
  type JwtBearerTokenSource,
  type AnyJwtBearerTokenSourceOptions,
  type JwtBearerTokenSourceOptions,
} from '../../../src/client/index.js'
import { clientBed, type ClientBed } from '../../support/client.js'
import { decode } from '../../support/tokens/jwt.js'
import { failureOf } from '../../support/outcomes.js'

const WORKLOAD = { clientId: 'billing/invoices' } as const

/** An issuer that trusts one service account of Kubernetes, and a source of its tokens. */
async function bed(extra: Partial<AnyJwtBearerTokenSourceOptions> = {}): Promise<
  ClientBed & {
    readonly mint: (options?: object) => string
    readonly bearer: JwtBearerTokenSource
  }
> {
  const base = await clientBed()
  const { issuer, clock } = base
  const mint = (options: object = {}): string =>
    issuer.mintJwt({ preset: 'kubernetes', audience: issuer.url, ...WORKLOAD, ...options })
  const { iss, sub } = decode(mint()).claims as { readonly iss: string; readonly sub: string }
  issuer.trust({ issuer: iss, subject: sub, jwks: issuer.jwks('kubernetes') })
  const bearer = jwtBearerTokenSource({
    issuer: issuer.url,
    authentication: 'none',
    clock,
    ...extra,
  } as JwtBearerTokenSourceOptions)
  onTestFinished(() => bearer.close())
  return { ...base, mint, bearer }
}

describe('jwtBearerTokenSource', () => {
  it('exchanges a JWT for a token that the guard accepts, without client authentication', async () => {
    const { issuer, clock, mint, bearer } = await bed({ scopes: 'orders:read' })
    const token = await bearer.getToken({ assertion: mint(), resource: issuer.audience })
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())], clock })
    onTestFinished(() => verifier.close())
    expect(await verifier.verify(token, { scopes: 'orders:read' })).toMatchObject({
      subject: 'system:serviceaccount:billing:invoices',
    })
  })

  it('authenticates the client if it is configured', async () => {
    const { issuer, mint } = await bed()
    const { clientId, clientSecret } = issuer.client
    const source = jwtBearerTokenSource({
      issuer: issuer.url,
      clientId,
      clientSecret,
      assertion: () => mint(),
    })
    onTestFinished(() => source.close())
    expect(decode(await source.getToken()).claims['client_id']).toBe(clientId)
  })

  it('calls the function of the option for every token request', async () => {
    let reads = 0
    const { issuer, mint } = await bed()
    const source = jwtBearerTokenSource({
      issuer: issuer.url,
      authentication: 'none',
      assertion: () => {
        reads += 1
        return `${mint()}\n`
      },
    })
    onTestFinished(() => source.close())
    await source.getToken({ scopes: 'a' })
    await source.getToken({ scopes: 'a' })
    await source.getToken({ scopes: 'b' })
    expect([reads, issuer.calls.token]).toEqual([2, 2])
  })

  it('caches a token per JWT, and returns it for that JWT only', async () => {
    const { issuer, mint, bearer } = await bed()
    const [first, second] = [mint(), mint({ claims: { jti: 'other' } })]
    const tokens = [
      await bearer.getToken({ assertion: first }),
      await bearer.getToken({ assertion: first }),
      await bearer.getToken({ assertion: second }),
    ]
    expect(tokens[0]).toBe(tokens[1])
    expect(tokens[2]).not.toBe(tokens[0])
    expect(issuer.calls.token).toBe(2)
  })

  it.each<[string, (by: Awaited<ReturnType<typeof bed>>) => string]>([
    ['of another workload', ({ mint }) => mint({ clientId: 'other/one' })],
    ['for another issuer', ({ mint }) => mint({ audience: 'https://x.test' })],
    ['that has expired', ({ mint }) => mint({ expiresIn: -1 })],
  ])('a JWT %s is request_refused, and is not quoted', async (_, assertionOf) => {
    const by = await bed()
    const assertion = assertionOf(by)
    const error = await failureOf(by.bearer.getToken({ assertion }))
    expect(error).toMatchObject({ reason: 'request_refused', code: 'invalid_grant' })
    expect(error.message).not.toContain(assertion)
  })

  it('a refused JWT does not keep others from their tokens', async () => {
    const { mint, bearer } = await bed()
    await failureOf(bearer.getToken({ assertion: mint({ expiresIn: -1 }) }))
    expect(await bearer.getToken({ assertion: mint() })).toBeTypeOf('string')
  })

  it.each<[string, object | undefined, string]>([
    ['no JWT', undefined, 'getToken.assertion'],
    ['undefined in place of a JWT', { assertion: undefined }, 'getToken.assertion'],
    ['a string that is not a JWT', { assertion: 'hunter2' }, 'getToken.assertion'],
    ['an unknown option', { subjectToken: 'hunter2' }, 'getToken.subjectToken'],
  ])('%s is a ConfigurationError before anything is sent', async (_, request, option) => {
    const { issuer, bearer } = await bed()
    const error = await failureOf(bearer.getToken(request))
    expect(error).toMatchObject({ name: 'ConfigurationError', option })
    expect(error.message).not.toContain('hunter2')
    expect(issuer.calls.token).toBe(0)
  })
})
