import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { AuthleteTokens, CallOptions } from '../../../src/management/index.js'
import type { Endpoint, Fault } from '../../../src/testing/index.js'
import { expectGivenUp } from '../support.js'
import { authleteManagementBed } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'
import { withoutAnswer } from '../../support/setup/deadlines.js'

const SECRETS = ['secret-access-token', 'secret-refresh-token'] as const
const [accessToken, refreshToken] = SECRETS

interface Operation {
  readonly name: keyof AuthleteTokens
  readonly isRead?: true
  /** Those of its input. */
  readonly secrets: readonly string[]
  readonly call: (tokens: AuthleteTokens, options?: CallOptions) => PromiseLike<unknown>
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'list',
    secrets: [],
    isRead: true,
    call: (tokens, options) => tokens.list({ subject: 'john' }, options),
  },
  {
    name: 'create',
    secrets: SECRETS,
    call: (tokens, options) =>
      tokens.create(
        { grantType: 'PASSWORD', clientId: 1, subject: 'john', token: accessToken, refreshToken },
        options,
      ),
  },
  {
    name: 'update',
    secrets: [accessToken],
    call: (tokens, options) => tokens.update({ token: accessToken, scopes: 'a' }, options),
  },
  {
    name: 'delete',
    secrets: [accessToken],
    call: (tokens, options) => tokens.delete({ token: accessToken }, options),
  },
  {
    name: 'revoke',
    secrets: [refreshToken],
    call: (tokens, options) => tokens.revoke({ refreshToken }, options),
  },
  {
    name: 'revokeAllOfClient',
    secrets: [],
    call: (tokens, options) => tokens.revokeAllOfClient({ clientId: 'billing' }, options),
  },
  {
    name: 'revokeAllOfClientAndSubject',
    secrets: [],
    call: (tokens, options) =>
      tokens.revokeAllOfClientAndSubject({ clientId: 'billing', subject: 'john' }, options),
  },
  {
    name: 'revokeAllOfSubject',
    secrets: [],
    call: (tokens, options) => tokens.revokeAllOfSubject({ subject: 'john' }, options),
  },
  {
    name: 'reissueIdToken',
    secrets: SECRETS,
    call: (tokens, options) => tokens.reissueIdToken({ token: accessToken, refreshToken }, options),
  },
  {
    name: 'introspect',
    secrets: [accessToken],
    isRead: true,
    call: (tokens, options) => tokens.introspect({ token: accessToken }, options),
  },
  {
    name: 'introspectStandard',
    secrets: [accessToken],
    isRead: true,
    call: (tokens, options) => tokens.introspectStandard({ token: accessToken }, options),
  },
]

const endpointOf = (name: string): Endpoint =>
  name.startsWith('introspect') ? 'authleteIntrospection' : 'authleteTokens'

/** A fault, whether a read is tried again after it, and whether a change may have been made. */
const FAULTS: readonly (readonly [string, Fault, boolean, boolean, object])[] = [
  ['no answer', 'reset', true, true, {}],
  ['half an answer', 'truncated', false, true, {}],
  ['nothing', 'empty', false, true, {}],
  ['a page of HTML', 'html', false, true, { status: 200 }],
  ['a list', { status: 200, body: '[]' }, false, true, { status: 200 }],
  ['an object that says nothing', { status: 200, body: {} }, false, true, {}],
  ['a redirect', 'redirect', false, false, { status: 307 }],
  ['500', 500, false, true, { status: 500 }],
  ['503', 503, true, true, { status: 503 }],
  [
    '503 with a time to wait',
    { status: 503, headers: { 'retry-after': '7' } },
    false,
    true,
    { status: 503, retryAfter: 7 },
  ],
  ['429', { status: 429, headers: { 'retry-after': '30' } }, false, false, { status: 429, retryAfter: 30 }],
]

describe.each(OPERATIONS)('$name', ({ name, isRead = false, secrets, call }) => {
  it.each(FAULTS)(
    '%s: an error with the known details',
    async (what, fault, isPassing, isUncertain, known) => {
      const { tokens, issuer } = await authleteManagementBed()
      const { serviceAccessToken } = issuer.authleteService
      // Half of an answer to a deletion is nothing, and half of an object's empty text is none either.
      if (what === 'half an answer') issuer.fail(endpointOf(name), { status: 200, body: '{"action":' })
      else issuer.fail(endpointOf(name), fault)
      const error = await failureOf(call(tokens))
      expect(error).toMatchObject({
        name: 'ManagementError',
        vendor: 'authlete',
        operation: `authleteTokens.${name}`,
        isUncertain: isUncertain && !isRead,
        ...known,
      })
      expect(error.message).toMatch(new RegExp(`^authleteTokens\\.${name}: Authlete(?: |:)`))
      expect(error.message).not.toContain('\n')
      const shown = [String(error), inspect(error, { showHidden: true }), JSON.stringify(error), error.stack]
      for (const secret of [...SECRETS, serviceAccessToken]) expect(shown.join()).not.toContain(secret)
      expect(issuer.calls.total).toBe(isPassing && isRead ? 2 : 1)
    },
  )

  it('a vendor message that quotes secrets: an error on one line without them', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    const all = [...secrets, issuer.authleteService.serviceAccessToken]
    const resultMessage = `no ${all.join()}\nat all`
    issuer.fail(endpointOf(name), { status: 400, body: { resultCode: 'A001201', resultMessage } })
    const error = await failureOf(call(tokens))
    expect(error).toMatchObject({ status: 400, code: 'A001201', isUncertain: false })
    expect(error.message).toContain(`: no ${all.map(() => '[secret]').join()} at all. Check the input`)
    const shown = [inspect(error, { showHidden: true }), JSON.stringify(error), error.stack].join()
    for (const secret of all) expect(shown).not.toContain(secret)
  })

  it('aborted in flight: rejects with the reason of the signal, without a second call', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    await expectGivenUp(issuer, endpointOf(name), (signal) => call(tokens, { signal }))
    expect(issuer.calls.total).toBe(1)
  })

  it('aborted before the call: nothing is sent', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    const reason = new Error('too late')
    expect(await failureOf(call(tokens, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(issuer.calls.total).toBe(0)
  })

  it('a vendor that never responds: fails at the deadline', async () => {
    const { tokensWith, issuer } = await authleteManagementBed()
    issuer.fail(endpointOf(name), 'hang')
    const called = call(tokensWith({ deadline: '50ms' }))
    const error = await failureOf(withoutAnswer(issuer, 'total', called))
    expect(error.message).toContain('no complete response within 0.05 s')
    expect(error).toMatchObject({ isUncertain: !isRead, status: undefined })
  })

  it.each([
    ['an unknown token', { serviceAccessToken: 'wrong-secret' }, 401, 'Check serviceAccessToken'],
    ['the id of another service', { serviceId: '7' }, 403, 'is for this serviceId'],
  ])('with %s: an error that says what to check', async (_, wrong, status, advice) => {
    const { tokensWith, issuer } = await authleteManagementBed()
    const error = await failureOf(call(tokensWith(wrong)))
    expect(error).toMatchObject({ status, isUncertain: false })
    expect(error.message).toContain(advice)
    expect(error.message).not.toContain('wrong-secret')
    expect(issuer.calls.total).toBe(1)
  })

  it('an unknown call option is rejected', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    const options = { abort: true } as CallOptions
    expect(await failureOf(call(tokens, options))).toMatchObject({
      option: `authleteTokens.${name}.options.abort`,
    })
    expect(issuer.calls.total).toBe(0)
  })
})

describe('a transient failure', () => {
  it.each(OPERATIONS.filter(({ isRead }) => isRead === true))(
    'of $name is retried successfully',
    async ({ name, call }) => {
      const { tokens, issuer } = await authleteManagementBed()
      issuer.fail(endpointOf(name), { status: 502, times: 1 })
      await call(tokens)
      expect(issuer.calls.total).toBe(2)
    },
  )
})

describe('a failure action', () => {
  it.each([
    ['BAD_REQUEST', false],
    ['FORBIDDEN', false],
    ['NOT_FOUND', false],
    ['CALLER_ERROR', false],
    ['INTERNAL_SERVER_ERROR', true],
    ['SOMETHING_NEW', true],
  ])('%s: an error with the code, though the status is 200', async (action, isUncertain) => {
    const { tokens, issuer } = await authleteManagementBed()
    issuer.fail('authleteTokens', {
      status: 200,
      body: { action, accessToken, resultCode: 'A1', resultMessage: `[A1] of ${accessToken}.` },
    })
    for (const { name, call } of OPERATIONS) {
      if (!['create', 'update', 'reissueIdToken'].includes(name)) continue
      const error = await failureOf(call(tokens))
      expect(error).toMatchObject({ name: 'ManagementError', code: 'A1', status: 200, isUncertain })
      expect(error.message).not.toContain(accessToken)
      expect(error.message.includes(action)).toBe(action !== 'SOMETHING_NEW')
    }
  })
})
