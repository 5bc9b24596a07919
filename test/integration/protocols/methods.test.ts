import { readFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ConfigurationError, createVerifier, oauth, type DecisionEvent } from '../../../src/index.js'
import { createTestIssuer } from '../../../src/testing/index.js'
import { reasonOf, refusalOf } from '../../support/outcomes.js'
import { runBlock } from '../docs/programs/run.js'
import { readPaper, ROOT } from '../docs/programs/support.js'
import { PAGE, recipeOf } from './support.js'

/** What `docs/guide/verify-and-authorize.md` says of the two methods. */
async function bed() {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  const events: DecisionEvent[] = []
  const requests: unknown[] = []
  const verifier = createVerifier({
    issuers: [oauth(issuer.oauth())],
    policy: {
      maxTokenAge: '1h',
      check: (_token, request) => {
        requests.push(request)
        return true
      },
    },
    onDecision: (event) => events.push(event),
  })
  const headersOf = (token: string) => ({ authorization: `Bearer ${token}` })
  return { issuer, verifier, events, requests, headersOf }
}

describe('verify', () => {
  it('is fulfilled with the token, and evaluates the policy of the verifier and its own', async () => {
    const { issuer, verifier } = await bed()
    const token = issuer.mintOpaque({ clientId: 'billing', scopes: 'orders:read' })
    expect((await verifier.verify(token, { scopes: 'orders:read' })).clientId).toBe('billing')
    expect((await refusalOf(verifier.verify(token, { scopes: 'orders:write' }))).reason).toBe(
      'scope_insufficient',
    )
    expect((await refusalOf(verifier.verify(issuer.mintOpaque({ age: '2h' })))).reason).toBe('token_too_old')
  })

  it.each([[''], ['Bearer abc'], ['a b'], [undefined], [null], [7]])(
    'rejects %o with a Refusal',
    async (token) => {
      const { verifier } = await bed()
      const refusal = await refusalOf(verifier.verify(token as string))
      expect([refusal.status, refusal.reason]).toEqual([400, 'token_malformed'])
    },
  )

  it('rejects with a Refusal of status 503 while the issuer is unavailable', async () => {
    const { issuer, verifier } = await bed()
    issuer.fail('introspection', 503)
    expect((await refusalOf(verifier.verify(issuer.mintOpaque()))).status).toBe(503)
  })

  it('calls check without a request, and onDecision without method and path', async () => {
    const { issuer, verifier, events, requests } = await bed()
    await verifier.verify(issuer.mintOpaque())
    expect(requests).toEqual([undefined])
    expect(events).toHaveLength(1)
    expect([events[0]!.outcome, events[0]!.method, events[0]!.path]).toEqual([
      'accepted',
      undefined,
      undefined,
    ])
  })
})

describe('authorize', () => {
  it('is fulfilled with a decision, whatever the outcome', async () => {
    const { issuer, verifier, headersOf } = await bed()
    const accepted = await verifier.authorize({ headers: headersOf(issuer.mintOpaque()) })
    expect(accepted).toMatchObject({ outcome: 'accepted', token: { format: 'opaque' } })
    const refused = await verifier.authorize({ headers: {} })
    expect(refused).toMatchObject({ outcome: 'refused', refusal: { status: 401 } })
    issuer.fail('introspection', 503)
    const undecidable = await verifier.authorize({ headers: headersOf(issuer.mintOpaque()) })
    expect(undecidable).toMatchObject({ outcome: 'undecidable', refusal: { status: 503 } })
  })

  it.each([
    ['a request without headers', {}],
    ['undefined', undefined],
    [
      'headers that throw',
      {
        get headers(): never {
          throw new Error('unreadable')
        },
      },
    ],
  ])('never rejects: %s is not accepted', async (_, request) => {
    const { verifier } = await bed()
    expect((await verifier.authorize(request as never)).outcome).not.toBe('accepted')
  })

  it('takes a Headers object, a plain object in any case, and a list of one value', async () => {
    const { issuer, verifier, headersOf } = await bed()
    const { authorization } = headersOf(issuer.mintOpaque())
    const forms = [
      new Headers({ authorization }),
      { Authorization: authorization },
      { authorization: [authorization] },
    ]
    for (const headers of forms) expect(reasonOf(await verifier.authorize({ headers }))).toBe('accepted')
    const two = { headers: { authorization: [authorization, authorization] } }
    expect(reasonOf(await verifier.authorize(two))).toBe('token_malformed')
  })

  it('a copy of headers hides the second Authorization header, rawHeaders does not', async () => {
    const { issuer, verifier, headersOf } = await bed()
    const headers = headersOf(issuer.mintOpaque())
    const rawHeaders = ['Authorization', headers.authorization, 'Authorization', 'Bearer other']
    expect(reasonOf(await verifier.authorize({ headers }))).toBe('accepted')
    expect(reasonOf(await verifier.authorize({ headers, rawHeaders }))).toBe('token_malformed')
  })

  it('calls check with the request, and onDecision with method and path', async () => {
    const { issuer, verifier, events, requests, headersOf } = await bed()
    const request = { method: 'GET', url: '/orders?page=2', headers: headersOf(issuer.mintOpaque()) }
    await verifier.authorize(request)
    expect(requests).toEqual([request])
    expect(events[0]).toMatchObject({ outcome: 'accepted', method: 'GET', path: '/orders' })
  })
})

it.each(['verify', 'authorize'] as const)('%s throws synchronously for an invalid policy', async (method) => {
  const { verifier } = await bed()
  const invalid = { scope: 'orders:read' } as never
  expect(() => verifier[method]({ headers: {} } as never, invalid)).toThrow(ConfigurationError)
})

describe('the recipe for a token without a request', () => {
  type Receive = (message: { token: string; order: string }) => Promise<string>

  it('stores the order of a valid token, rejects others, and keeps the message in an outage', async () => {
    const { issuer, exports } = await runBlock(recipeOf('A token without a request'))
    const receive = exports['receive'] as Receive
    const order = 'A-1'
    expect(await receive({ token: issuer.mintOpaque({ scopes: 'orders:write' }), order })).toBe('stored')
    expect(await receive({ token: issuer.mintOpaque({ scopes: 'orders:read' }), order })).toBe('rejected')
    expect(await receive({ token: 'unknown', order })).toBe('rejected')
    expect(await receive({ token: undefined as never, order })).toBe('rejected')
    issuer.fail('introspection', 503)
    expect(await receive({ token: issuer.mintOpaque({ scopes: 'orders:write' }), order })).toBe('retry later')
  })
})

it('the page names the major versions that its recipes are tested with', () => {
  const { devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const [sentence = ''] = /^Tested with .+?\d\.(?=\s)/ms.exec(readPaper(PAGE)) ?? []
  const named = [...sentence.matchAll(/`([^`]+)` (\d+)/g)].map(([, name = '', major = '']) => ({
    name,
    major,
  }))
  expect(named).toHaveLength(7)
  for (const { name, major } of named)
    expect([name, devDependencies[name]?.split('.')[0]]).toEqual([name, major])
})
