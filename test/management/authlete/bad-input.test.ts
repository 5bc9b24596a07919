import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import { authleteTokens, type AuthleteTokens } from '../../../src/management/index.js'
import { authleteManagementBed } from '../../support/management.js'
import { failureOf } from '../../support/outcomes.js'

const RIGHT = { serviceId: '1', serviceAccessToken: 'the-secret', apiUrl: 'https://us.authlete.com' }

describe('invalid options', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['no service', { serviceId: undefined }, 'serviceId'],
    ['a service that leads elsewhere', { serviceId: '..' }, 'serviceId'],
    ['no token', { serviceAccessToken: '' }, 'serviceAccessToken'],
    ['a token with a line break', { serviceAccessToken: 'the-secret\n' }, 'serviceAccessToken'],
    ['no region', { apiUrl: undefined }, 'apiUrl'],
    ['an address without TLS', { apiUrl: 'http://us.authlete.com' }, 'apiUrl'],
    ['an address with a query', { apiUrl: 'https://us.authlete.com/?a=b' }, 'apiUrl'],
    ['an unknown option', { apiKey: 'x' }, 'apiKey'],
    ['a deadline beyond a minute', { deadline: '61s' }, 'deadline'],
    ['a fetch that is not a function', { fetch: 'fetch' }, 'fetch'],
  ])('%s', (_, wrong, option) => {
    let thrown: unknown
    try {
      authleteTokens({ ...RIGHT, ...wrong })
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigurationError)
    expect(thrown).toMatchObject({ option: `authleteTokens.${option}` })
    expect(String(thrown)).not.toContain('the-secret')
  })
})

/** The operations as JavaScript sees them. */
function loose(tokens: AuthleteTokens): Readonly<Record<string, (input: unknown) => PromiseLike<unknown>>> {
  return { ...tokens } as unknown as ReturnType<typeof loose>
}

/** Input as it comes from JavaScript, which no compiler has seen. */
const cyclic: Record<string, unknown> = {}
cyclic['self'] = cyclic
const GRANT = { grantType: 'CLIENT_CREDENTIALS', clientId: 1 }
const PERSON = { grantType: 'PASSWORD', clientId: 1 }
const HASH = 'h'.repeat(43)
const ID = { tokenId: 'id' }

const WRONG: readonly (readonly [keyof AuthleteTokens, string, unknown])[] = [
  ['list', 'clientId', { clientId: '' }],
  ['list', 'clientIdentifier', { clientIdentifier: 'x' }],
  ['list', 'start', { start: -1 }],
  ['list', 'start', { start: 1.5 }],
  ['list', 'end', { start: 5, end: 5 }],
  ['list', 'end', { end: 0 }],
  ['list', 'end', { end: '5' }],
  ['list', 'limit', { limit: 0 }],
  ['list', 'subject', { subject: '' }],
  ['create', 'scope', { ...GRANT, scope: 'a' }],
  ['create', 'grantType', { clientId: 1 }],
  ['create', 'grantType', { ...GRANT, grantType: 'client_credentials' }],
  ['create', 'clientId', { grantType: 'CLIENT_CREDENTIALS' }],
  ['create', 'clientIdentifier', { ...GRANT, clientIdentifier: 'x' }],
  ['create', 'clientId', { ...GRANT, clientId: 2 ** 53 }],
  ['create', 'clientId', { ...GRANT, clientId: '' }],
  ['create', 'clientId', { ...GRANT, clientId: -1 }],
  ['create', 'subject', PERSON],
  ['create', 'subject', { ...PERSON, subject: 'jörg' }],
  ['create', 'subject', { ...PERSON, subject: 'j'.repeat(101) }],
  ['create', 'scopes', { ...GRANT, scopes: ['a b'] }],
  ['create', 'scopes', { ...GRANT, scopes: ['a', 7] }],
  ['create', 'scopes', { ...GRANT, scopes: 'a\nb' }],
  ['create', 'expiresIn', { ...GRANT, expiresIn: 0 }],
  ['create', 'expiresIn', { ...GRANT, expiresIn: '1500ms' }],
  ['create', 'expiresIn', { ...GRANT, expiresIn: -60 }],
  ['create', 'expiresIn', { ...GRANT, expiresIn: 60, neverExpires: true }],
  ['create', 'neverExpires', { ...GRANT, neverExpires: false }],
  ['create', 'refreshTokenExpiresIn', { ...GRANT, refreshTokenExpiresIn: '1 hour' }],
  ['create', 'properties', { ...GRANT, properties: { key: 'a', value: 'b' } }],
  ['create', 'properties[0].value', { ...GRANT, properties: [{ key: 'a' }] }],
  ['create', 'properties[1].hiden', { ...GRANT, properties: [{ key: 'a', value: '' }, { hiden: true }] }],
  ['create', 'resources', { ...GRANT, resources: ['api'] }],
  ['create', 'resources', { ...GRANT, resources: ['https://api.test/#x'] }],
  ['create', 'resources', { ...GRANT, resources: 'https://api.test' }],
  ['create', 'certificateThumbprint', { ...GRANT, certificateThumbprint: 'AB:CD' }],
  ['create', 'dpopKeyThumbprint', { ...GRANT, dpopKeyThumbprint: 'x' }],
  ['create', 'authorizationDetails[0].type', { ...GRANT, authorizationDetails: [{}] }],
  ['create', 'jwtClaims', { ...GRANT, jwtClaims: '{"a":1}' }],
  ['create', 'jwtClaims', { ...GRANT, jwtClaims: { a: undefined } }],
  ['create', 'jwtClaims', { ...GRANT, jwtClaims: { a: [Number.NaN] } }],
  ['create', 'jwtClaims', { ...GRANT, jwtClaims: { a: 1n } }],
  ['create', 'jwtClaims', { ...GRANT, jwtClaims: cyclic }],
  ['create', 'authTime', { ...GRANT, authTime: Date.UTC(2026, 0, 1) }],
  ['update', '', { scopes: 'a' }],
  ['update', '', { token: 'x', tokenHash: HASH, scopes: 'a' }],
  ['update', '', { token: 'x', tokenId: 'id', scopes: 'a' }],
  ['update', '', ID],
  ['update', 'tokenHash', { tokenHash: 'the-token', scopes: 'a' }],
  ['update', 'expiresAt', { ...ID, expiresAt: Date.UTC(2026, 0, 1) }],
  ['update', 'expiresAt', { ...ID, expiresAt: 0 }],
  ['update', 'expiresAt', { ...ID, expiresAt: '2026-01-01' }],
  ['update', 'expiresAt', { ...ID, neverExpires: true, expiresAt: 1 }],
  ['update', 'refreshTokenExpiresAt', { ...ID, refreshTokenExpiresAt: -1 }],
  ['update', 'accessTokenExpiresAt', { ...ID, accessTokenExpiresAt: 1 }],
  ['delete', '', {}],
  ['delete', '', { token: 'x', tokenHash: HASH }],
  ['delete', 'token', { token: '..' }],
  ['delete', 'tokenHash', { tokenHash: 'the-token' }],
  ['delete', 'hash', { hash: HASH }],
  ['revoke', '', {}],
  ['revoke', '', { token: 'x', refreshToken: 'y' }],
  ['revoke', '', { token: 'x', tokenHash: HASH }],
  ['revoke', 'token', { token: '' }],
  ['revoke', 'accessToken', { accessToken: 'x' }],
  ['revoke', 'accessTokenIdentifier', { accessTokenIdentifier: 'x' }],
  ['reissueIdToken', 'refreshToken', { token: 'x' }],
  ['reissueIdToken', 'token', { refreshToken: 'x' }],
  ['reissueIdToken', 'claims', { token: 'x', refreshToken: 'y', claims: '{}' }],
  ['reissueIdToken', 'audienceFormat', { token: 'x', refreshToken: 'y', audienceFormat: 'list' }],
  ['introspect', 'token', {}],
  ['introspect', 'scope', { token: 'x', scope: 'a' }],
  ['introspect', 'resource', { token: 'x', resource: 'https://api.test' }],
  ['introspect', 'maxAge', { token: 'x', maxAge: '0.5s' }],
  ['introspect', 'headers[0].value', { token: 'x', headers: [{ key: 'a' }] }],
  ['introspectStandard', '', {}],
  ['introspectStandard', '', { token: 'x', parameters: 'token=x' }],
  ['introspectStandard', 'tokenTypeHint', { parameters: 'token=x', tokenTypeHint: 'access_token' }],
  ['introspectStandard', 'tokenTypeHint', { token: 'x', tokenTypeHint: 'id_token' }],
  ['introspectStandard', 'resourceServerUri', { token: 'x', resourceServerUri: 'api' }],
]

describe('invalid input is rejected by name before anything is sent', () => {
  it.each(WRONG)('%s: %s', async (operation, member, input) => {
    const { tokens, issuer } = await authleteManagementBed()
    const call = loose(tokens)[operation]!
    const error = await failureOf(call(input))
    expect(error).toBeInstanceOf(ConfigurationError)
    const option = `authleteTokens.${operation}${member === '' ? '' : `.${member}`}`
    expect(error).toMatchObject({ option })
    expect(error.message).not.toContain('the-token')
    expect(issuer.calls.total).toBe(0)
  })

  const others = Object.keys(authleteTokens(RIGHT)).filter((name) => name !== 'list')
  it.each(others)('%s: input that is not an object', async (operation) => {
    const { tokens, issuer } = await authleteManagementBed()
    const call = loose(tokens)[operation]!
    for (const input of [undefined, null, 'token', 7, [], Promise.resolve({})])
      expect(await failureOf(call(input))).toBeInstanceOf(ConfigurationError)
    expect(issuer.calls.total).toBe(0)
  })

  it('properties of a polluted prototype are not read as input', async () => {
    const { tokens, issuer } = await authleteManagementBed()
    Object.defineProperty(Object.prototype, 'token', { value: 'x', configurable: true })
    try {
      expect(await failureOf(tokens.revoke({}))).toBeInstanceOf(ConfigurationError)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'token')
    }
    expect(issuer.calls.total).toBe(0)
  })
})
