import { describe, expect, it, onTestFinished } from 'vitest'
import { tokenSource, TokenSourceError } from '../../../src/client/index.js'
import { clientBed } from '../../support/client.js'
import { manualClock } from '../../support/clock.js'
import { manualIssuer } from '../../support/servers/manual-issuer.js'
import { failureOf } from '../../support/outcomes.js'
import { nextTurn, until } from '../../support/until.js'
import { collectWarnings } from '../../support/warnings.js'

describe('maxConcurrent', () => {
  it('limits the token requests in flight, without a warning of too many listeners', async () => {
    const seen = collectWarnings()
    const clock = manualClock()
    const issuer = manualIssuer(clock.read)
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: issuer.fetch,
      clock: clock.read,
      maxConcurrent: 20,
    })
    onTestFinished(() => source.close())
    const waiting = Promise.all(
      Array.from({ length: 100 }, (_, index) => source.getToken({ scopes: `s${index}` })),
    )
    await until(() => issuer.open.length === 20)
    await nextTurn()
    expect(issuer.open).toHaveLength(20)
    issuer.answerAll('token')
    expect(new Set(await waiting).size).toBe(100)
    expect(seen).toEqual([])
  })

  it('sends no further request once the issuer has failed', async () => {
    const clock = manualClock()
    const issuer = manualIssuer(clock.read)
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: issuer.fetch,
      clock: clock.read,
      maxConcurrent: 2,
    })
    onTestFinished(() => source.close())
    issuer.answerAll({ status: 500 })
    const results = Array.from({ length: 50 }, (_, index) =>
      failureOf(source.getToken({ scopes: `s${index}` }), TokenSourceError),
    )
    await Promise.all(results)
    expect(issuer.forms.length).toBeLessThanOrEqual(4)
  })
})

describe('a response that may concern one set only', () => {
  it.each<[string, Readonly<{ status: number; body?: Readonly<Record<string, unknown>> }>]>([
    ['a 401', { status: 401, body: { error: 'invalid_client' } }],
    ['a page', { status: 200, body: {} }],
  ])('%s does not stop the others', async (_, failure) => {
    const clock = manualClock()
    const issuer = manualIssuer(clock.read)
    const source = tokenSource({
      tokenEndpoint: 'https://issuer.test/token',
      clientId: 'x',
      clientSecret: 'y',
      fetch: async (input, init) => {
        const isBad = new URLSearchParams(init?.body as string).get('audience') === 'bad'
        return isBad ? Response.json(failure.body, { status: failure.status }) : issuer.fetch(input, init)
      },
      clock: clock.read,
    })
    onTestFinished(() => source.close())
    issuer.answerAll('token')
    await failureOf(source.getToken({ audience: 'bad' }), TokenSourceError)
    expect(await source.getToken({ audience: 'good' })).toBe('token-1')
    clock.pass(60)
    await failureOf(source.getToken({ audience: 'bad' }), TokenSourceError)
    expect(await source.getToken({ audience: 'better' })).toBe('token-2')
  })

  it('stops all sets once a second one fails in the same way', async () => {
    const { issuer, source } = await clientBed()
    const tokens = source()
    issuer.fail('token', { status: 401, body: { error: 'invalid_client' } })
    for (let index = 0; index < 20; index += 1)
      await failureOf(tokens.getToken({ scopes: `s${index}` }), TokenSourceError)
    expect(issuer.calls.token).toBe(2)
  })
})

it('150 audiences in turn need 150 token requests', async () => {
  const { issuer, source } = await clientBed()
  const tokens = source()
  for (let round = 0; round < 3; round += 1)
    for (let index = 0; index < 150; index += 1) await tokens.getToken({ audience: `a${index}` })
  expect(issuer.calls.token).toBe(150)
})
