import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../src/index.js'
import { authleteTokens, clerkTokens, oauthTokens, stytchClients } from '../../src/management/index.js'
import { failureOf } from '../support/outcomes.js'

/** The clients of all vendors, at a vendor that answers every call in the same way. */
function clientsOf(answer: () => Response) {
  let calls = 0
  const own = {
    fetch: (): Promise<Response> => {
      calls += 1
      return Promise.resolve(answer())
    },
  }
  const apiUrl = 'https://us.authlete.com'
  const revocationEndpoint = 'https://auth.example.com/revoke'
  return {
    calls: () => calls,
    authlete: authleteTokens({ serviceId: '1', serviceAccessToken: 'service-token', apiUrl, ...own }),
    clerk: clerkTokens({ machineSecretKey: 'ak_1', ...own }),
    oauth: oauthTokens({ clientId: 'orders', clientSecret: 'secret', revocationEndpoint, ...own }),
    stytch: stytchClients({ projectId: 'project-test-1', secret: 'secret', ...own }),
  }
}

type Clients = ReturnType<typeof clientsOf>

const TOKEN = 'Zq-7_c4Zt0nW1uQ9y5vB8xK2mP6rS3dF7gH1jL0aTyE'
const HALF = 'mt_\ud800'

describe('an id that cannot be used in a path is named, and nothing is sent', () => {
  it.each<[string, (on: Clients) => Promise<unknown>]>([
    ['clerkTokens.revoke.tokenId', ({ clerk }) => clerk.revoke({ tokenId: HALF })],
    ['authleteTokens.delete.token', ({ authlete }) => authlete.delete({ token: HALF })],
    ['authleteTokens.delete.token', ({ authlete }) => authlete.delete({ token: '..' })],
    ['stytchClients.get.clientId', ({ stytch }) => stytch.get({ clientId: HALF })],
    ['stytchClients.delete.clientId', ({ stytch }) => stytch.delete({ clientId: '.' })],
  ])('%s', async (option, call) => {
    const on = clientsOf(() => Response.json({}))
    const error = await failureOf(call(on))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ option })
    expect(on.calls()).toBe(0)
  })

  it.each<[string, () => unknown]>([
    ['stytchClients.projectId', () => stytchClients({ projectId: HALF, secret: 'secret' })],
    [
      'authleteTokens.serviceId',
      () => authleteTokens({ serviceId: HALF, serviceAccessToken: 't', apiUrl: 'https://us.authlete.com' }),
    ],
  ])('%s, at start', async (option, make) => {
    const error = await failureOf(Promise.resolve().then(make))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ option })
  })
})

describe('call options without effect are named, and nothing is sent', () => {
  const WRONG: readonly (readonly [string, unknown, string])[] = [
    ['a typing error', { Signal: new AbortController().signal }, '.options.Signal'],
    ['a bare signal', new AbortController().signal, '.options'],
    ['no signal', { signal: 1 }, '.options.signal'],
  ]
  const CALLS: readonly (readonly [string, (on: Clients, options: never) => PromiseLike<unknown>])[] = [
    ['authleteTokens.revoke', ({ authlete }, options) => authlete.revoke({ token: TOKEN }, options)],
    ['authleteTokens.list', ({ authlete }, options) => authlete.list({}, options)],
    ['clerkTokens.create', ({ clerk }, options) => clerk.create({}, options)],
    ['oauthTokens.revoke', ({ oauth }, options) => oauth.revoke({ token: TOKEN }, options)],
    ['stytchClients.search', ({ stytch }, options) => stytch.search({}, options)],
    [
      'stytchClients.token',
      ({ stytch }, options) => stytch.token({ clientId: 'a', clientSecret: 'b' }, options),
    ],
    [
      'stytchClients.authenticateToken',
      ({ stytch }, options) => stytch.authenticateToken({ token: TOKEN }, options),
    ],
  ]
  describe.each(CALLS)('%s', (operation, call) => {
    it.each(WRONG)('%s', async (_, options, option) => {
      const on = clientsOf(() => Response.json({}))
      const error = await failureOf(call(on, options as never))
      expect(error).toBeInstanceOf(ConfigurationError)
      expect(error).toMatchObject({ option: `${operation}${option}` })
      expect(on.calls()).toBe(0)
    })
  })
})

describe('a token passed in place of its id or hash is not repeated in an error', () => {
  it.each<[string, (on: Clients) => Promise<unknown>]>([
    ['authleteTokens.delete, as hash', ({ authlete }) => authlete.delete({ tokenHash: TOKEN })],
    ['authleteTokens.revoke, as hash', ({ authlete }) => authlete.revoke({ tokenHash: TOKEN })],
    ['authleteTokens.update, as hash', ({ authlete }) => authlete.update({ tokenHash: TOKEN, scopes: 'a' })],
    ['authleteTokens.update, as id', ({ authlete }) => authlete.update({ tokenId: TOKEN, scopes: 'a' })],
    ['clerkTokens.revoke', ({ clerk }) => clerk.revoke({ tokenId: `mt_${TOKEN}` })],
  ])('%s', async (_, call) => {
    const told = { resultCode: TOKEN, resultMessage: `no ${TOKEN}` }
    for (const [status, action] of [
      [404, undefined],
      [200, 'BAD_REQUEST'],
    ] as const) {
      const body = { ...told, action, errors: [{ code: `mt_${TOKEN}`, message: `mt_${TOKEN}` }] }
      const error = await failureOf(call(clientsOf(() => Response.json(body, { status }))))
      expect(error).toMatchObject({ name: 'ManagementError' })
      expect(inspect(error, { showHidden: true })).not.toContain(TOKEN)
    }
  })
})

it('a deeply nested response is read like any other', async () => {
  const depth = 20_000
  const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
  const client = `{"client_id":"c","status":"active","scopes":[],"trusted_metadata":${deep}}`
  const { stytch } = clientsOf(() => new Response(`{"m2m_client":${client}}`))
  expect(Object.isFrozen((await stytch.get({ clientId: 'c' })).trustedMetadata['a'])).toBe(true)
})
