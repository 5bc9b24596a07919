import { describe, expect, it } from 'vitest'
import { ConfigurationError, createVerifier, oauth, sharedAnswers } from '../../../src/index.js'
import { says } from '../../support/servers/misbehaviours.js'
import { memoryStore, SECRET } from '../../support/shared-store.js'
import { until } from '../../support/until.js'
import { answersIn, isSettled, pair } from './support.js'

describe('what another process has read is evaluated with the configuration of this one', () => {
  it('another audience refuses', async () => {
    const { fleet, share, answers } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const other = fleet.join(answers(), { oauth: { audience: 'https://other.internal' } })
    expect(await other.outcome(token)).toBe('audience_mismatch')
    expect(fleet.calls()).toBe(1)
  })

  it('other scope claims read other scopes', async () => {
    const { fleet, share, answers } = await pair()
    const token = fleet.bed.opaque({ scopes: 'a', claims: { permissions: ['b'] } })
    await share(token)
    const other = fleet.join(answers(), { oauth: { scopeClaims: ['permissions'] } })
    expect(await other.outcome(token, { scopes: 'b' })).toBe('accepted')
    expect(await other.outcome(token, { scopes: 'a' })).toBe('scope_insufficient')
    expect(fleet.calls()).toBe(1)
  })

  it.each([
    ['another endpoint', { endpoint: '?tenant=1' }],
    ['another client id', { clientId: 'another' }],
  ])('%s gets its own result', async (_, change) => {
    const { fleet, share, answers } = await pair()
    const token = fleet.bed.opaque()
    await share(token)
    const { issuer } = fleet.bed
    const introspection = {
      clientId: issuer.client.clientId,
      clientSecret: issuer.client.clientSecret,
      endpoint: `${issuer.url}/introspect${'endpoint' in change ? change.endpoint : ''}`,
      ...('clientId' in change ? { clientId: change.clientId } : {}),
    }
    await fleet.join(answers(), { oauth: { introspection } }).outcome(token)
    expect(fleet.calls()).toBe(2)
  })

  it('a response with duplicate members is not shared, because another process could not notice them', async () => {
    const { fleet, one, store, answers } = await pair()
    const body = `{"active":true,"scope":"a","scope":"b","iss":"https://other.example.com"}`
    fleet.bed.issuer.fail('introspection', says(200, body))
    const token = fleet.bed.opaque()
    expect(await one.outcome(token)).toBe('claim_invalid')
    await until(isSettled(store))
    expect(answersIn(store)).toEqual([])
    expect(await fleet.join(answers()).outcome(token)).toBe('claim_invalid')
    expect(fleet.calls()).toBe(2)
  })
})

it.each<[string, object, RegExp]>([
  ['an object of another kind', { answers: {} }, /^answers: must be the result of redisAnswers/],
  [
    'a verifier without a cache',
    { answers: sharedAnswers({ store: memoryStore(), secret: SECRET }), cache: false },
    /^answers: requires the token cache/,
  ],
])('%s is a ConfigurationError', (_, options, message) => {
  const create = (): unknown =>
    createVerifier({ issuers: [oauth({ issuer: 'https://a.example', audience: null })], ...options })
  expect(create).toThrow(ConfigurationError)
  expect(create).toThrow(message)
})
