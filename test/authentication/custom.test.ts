import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type AuthenticationRequest } from '../../src/index.js'
import { ManagementError, oauthTokens } from '../../src/management/index.js'
import { TokenSourceError, type ClientAuthentication } from '../../src/client/index.js'
import { clientBed, type ClientBed } from '../support/client.js'
import { failureOf, refusalOf } from '../support/outcomes.js'

/** Authenticates with the secret of the test issuer's client, as `'basic'` does, and records what it was called with. */
function basic({ issuer }: ClientBed): {
  readonly authentication: ClientAuthentication
  readonly seen: AuthenticationRequest[]
} {
  const { clientId, clientSecret } = issuer.client
  const seen: AuthenticationRequest[] = []
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`
  return {
    seen,
    authentication: (request) => {
      seen.push(request)
      return Promise.resolve({ headers: { Authorization: authorization } })
    },
  }
}

const NO_CLIENT = { clientId: undefined, clientSecret: undefined }

describe('a function as authentication', () => {
  it('authenticates token requests, and sees the URL, the method, the form and the recommended audience', async () => {
    const bed = await clientBed()
    const { authentication, seen } = basic(bed)
    const { issuer } = bed
    const source = bed.source({
      ...NO_CLIENT,
      authentication,
      issuer: issuer.url,
      tokenEndpoint: undefined,
      resource: ['https://a.test', 'https://b.test'],
      scopes: 'a',
    })
    expect(await source.getToken()).toBeTypeOf('string')
    const [request] = seen
    expect(request).toMatchObject({ url: `${issuer.url}/token`, method: 'POST', audience: issuer.url })
    expect(request?.clientId).toBeUndefined()
    expect(request?.form.toString()).toBe(
      'grant_type=client_credentials&scope=a&resource=https%3A%2F%2Fa.test&resource=https%3A%2F%2Fb.test',
    )
  })

  it('is called for every token request, and may return form parameters', async () => {
    const bed = await clientBed()
    const { clientId, clientSecret } = bed.issuer.client
    let calls = 0
    const authentication: ClientAuthentication = (request) => {
      calls += 1
      return { form: { client_id: request.clientId ?? '', client_secret: clientSecret } }
    }
    const source = bed.source({ clientSecret: undefined, clientId, authentication })
    await source.getToken({ scopes: 'a' })
    await source.getToken({ scopes: 'b' })
    expect(calls).toBe(2)
  })

  it('changes nothing by changing the form that it was passed', async () => {
    const bed = await clientBed()
    const { authentication } = basic(bed)
    const source = bed.source({
      ...NO_CLIENT,
      authentication: (request) => {
        request.form.set('grant_type', 'changed')
        return authentication(request)
      },
    })
    expect(await source.getToken()).toBeTypeOf('string')
  })

  it('authenticates introspection requests, and is called for each one', async () => {
    const bed = await clientBed()
    const { authentication, seen } = basic(bed)
    const { issuer, clock } = bed
    const verifier = createVerifier({
      issuers: [oauth({ issuer: issuer.url, audience: issuer.audience, introspection: { authentication } })],
      clock,
    })
    for (let count = 0; count < 2; count += 1)
      expect(await verifier.verify(issuer.mintOpaque())).toMatchObject({ format: 'opaque' })
    verifier.close()
    expect(seen).toHaveLength(2)
    expect(seen[0]).toMatchObject({ url: `${issuer.url}/introspect`, audience: issuer.url })
    expect(seen[0]?.form.get('token_type_hint')).toBe('access_token')
  })

  it('authenticates the operations of oauthTokens', async () => {
    const bed = await clientBed()
    const { authentication, seen } = basic(bed)
    const { issuer } = bed
    const tokens = oauthTokens({ issuer: issuer.url, authentication })
    const token = issuer.mintOpaque()
    expect(await tokens.introspect({ token })).toMatchObject({ active: true })
    await tokens.revoke({ token })
    expect(await tokens.introspect({ token })).toMatchObject({ active: false })
    expect(seen.map(({ url }) => url.slice(issuer.url.length))).toEqual([
      '/introspect',
      '/revoke',
      '/introspect',
    ])
  })
})

const SECRET = 'hunter2-hunter2'

describe('a function as authentication that fails', () => {
  it.each<[string, () => unknown, RegExp]>([
    [
      'throws',
      () => {
        throw new Error(SECRET)
      },
      /authentication: the function failed/,
    ],
    ['rejects', () => Promise.reject(new Error(SECRET)), /authentication: the function failed/],
    ['returns nothing', () => undefined, /must return \{ headers, form \}/],
    ['returns a string', () => SECRET, /must return \{ headers, form \}/],
    ['returns the headers only', () => ({ authorization: SECRET }), /must return \{ headers, form \}/],
    [
      'returns a header that is not a string',
      () => ({ headers: { a: [SECRET] } }),
      /header 1 must have a string/,
    ],
    [
      'returns a header with a line break',
      () => ({ headers: { authorization: `${SECRET}\r\nx: y` } }),
      /authorization must have a value of printable ASCII/,
    ],
    [
      'replaces the content type',
      () => ({ headers: { 'Content-Type': 'text/plain' } }),
      /content-type cannot be set/,
    ],
    ['returns a parameter that is not a string', () => ({ form: { a: 7 } }), /form\.a must be a string/],
  ])(
    'because it %s makes no request and names the option, never the secret',
    async (_, authentication, message) => {
      const bed = await clientBed()
      const { issuer } = bed
      const custom = { authentication: authentication as ClientAuthentication }
      const sourceError = await failureOf(bed.source({ ...NO_CLIENT, ...custom }).getToken())
      expect(sourceError).toBeInstanceOf(TokenSourceError)
      expect(sourceError).toMatchObject({ reason: 'credentials_unavailable' })
      const managementError = await failureOf(
        oauthTokens({ introspectionEndpoint: `${issuer.url}/introspect`, ...custom }).introspect({
          token: 'a',
        }),
      )
      expect(managementError).toBeInstanceOf(ManagementError)
      const endpoint = `${issuer.url}/introspect`
      const verifier = createVerifier({
        issuers: [oauth({ issuer: issuer.url, audience: null, introspection: { endpoint, ...custom } })],
      })
      const refusal = await refusalOf(verifier.verify('opaque'))
      verifier.close()
      expect(refusal).toMatchObject({ status: 503, reason: 'issuer_refused_us' })
      for (const text of [sourceError.message, managementError.message, (refusal.cause as Error).message]) {
        expect(text).toMatch(message)
        expect(text).not.toContain(SECRET)
      }
      expect([issuer.calls.token, issuer.calls.introspection]).toEqual([0, 0])
    },
  )

  it('cannot replace a parameter of the request', async () => {
    const bed = await clientBed()
    const authentication = () => ({ form: { grant_type: 'password' } })
    const error = await failureOf(bed.source({ ...NO_CLIENT, authentication }).getToken())
    expect(error.message).toContain('form.grant_type is already a parameter of the request')
    expect(bed.issuer.calls.token).toBe(0)
  })

  it('is removed from an error of the issuer that quotes what it returned', async () => {
    const bed = await clientBed()
    bed.issuer.fail('token', {
      status: 400,
      body: { error: 'invalid_request', error_description: `the key ${SECRET} is unknown` },
    })
    const authentication = () => ({ headers: { authorization: `ApiKey ${SECRET}` } })
    const error = await failureOf(bed.source({ ...NO_CLIENT, authentication }).getToken())
    expect(error.message).toContain('the key [secret] is unknown')
  })
})
