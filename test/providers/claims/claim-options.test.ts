import { describe, expect, it } from 'vitest'
import { authlete, clerk, ConfigurationError, oauth, stytch } from '../../../src/index.js'

const OAUTH = { issuer: 'https://auth.example.com', audience: 'https://orders.internal' }
const CLERK = { machineSecretKey: 'ak_1', jwtAccess: false }
const STYTCH = { projectId: 'project-test-1' }
const AUTHLETE = { serviceId: '1', serviceAccessToken: 'token', apiUrl: 'https://us.authlete.com' }

function problem(create: () => unknown): ConfigurationError {
  try {
    create()
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('expected a ConfigurationError')
}

describe('an invalid claim option is a ConfigurationError that names the option and says what to write', () => {
  it.each<[string, unknown, RegExp]>([
    ['clientClaims', undefined, /clientClaims: is undefined; leave it out/],
    ['clientClaims', null, /clientClaims: must be a non-empty string/],
    ['clientClaims', [], /clientClaims: must not be an empty list/],
    ['clientClaims', '', /clientClaims: must be a non-empty string/],
    ['clientClaims', ['client_id', undefined], /clientClaims: is required and must be a non-empty string/],
    ['clientClaims', ['client_id', []], /clientClaims\[1\]: must be a path of at least one name/],
    ['clientClaims', [['act', '']], /clientClaims\[0\]: must be a non-empty string/],
    ['clientClaims', [['act', 7]], /clientClaims\[0\]: must be a non-empty string/],
    ['clientClaims', [[['act']]], /clientClaims\[0\]: must be a non-empty string/],
    ['clientClaims', [{ path: 'act', keys: true }], /clientClaims\[0\]: must be a non-empty string/],
    ['scopeClaims', undefined, /scopeClaims: is undefined; leave it out/],
    ['scopeClaims', null, /scopeClaims: must be a non-empty string/],
    ['scopeClaims', [], /scopeClaims: must not be an empty list/],
    ['scopeClaims', ['scope', ' roles'], /scopeClaims: must not begin or end/],
    ['scopeClaims', [[]], /scopeClaims\[0\]: must be a path of at least one name/],
    ['scopeClaims', [['realm_access', ['roles']]], /scopeClaims\[0\]: must be a non-empty string/],
    ['scopeClaims', [{ keys: true }], /scopeClaims\[0\]\.path: is required/],
    [
      'scopeClaims',
      [{ path: 'roles' }],
      /scopeClaims\[0\]\.keys: is required and must be true.*write its path alone/,
    ],
    ['scopeClaims', [{ path: 'roles', keys: false }], /scopeClaims\[0\]\.keys: must be true/],
    [
      'scopeClaims',
      [{ path: 'roles', key: true }],
      /scopeClaims\[0\]\.key: unknown option; the options are path, keys/,
    ],
    [
      'scopeClaims',
      [{ path: [], keys: true }],
      /scopeClaims\[0\]\.path: must be a path of at least one name/,
    ],
    ['scopeClaims', new Map([['path', 'roles']]), /scopeClaims: must be a plain options object/],
    ['claims', undefined, /claims: is undefined; leave it out/],
    ['claims', {}, /claims: must name at least one claim, such as/],
    ['claims', { tenant: undefined }, /claims\.tenant: is undefined; leave it out/],
    ['claims', { tenant: [] }, /claims\.tenant: must not be an empty list/],
    ['claims', { tenant: {} }, /claims\.tenant: must name at least one claim/],
    ['claims', ['tenant'], /claims: must be a plain object of claims/],
  ])('%s: %j', (name, value, message) => {
    expect(problem(() => oauth({ ...OAUTH, [name]: value })).message).toMatch(message)
  })

  it('at every issuer that has the option', () => {
    for (const create of [
      (extra: object) => oauth({ ...OAUTH, ...extra }),
      (extra: object) => clerk({ ...CLERK, ...extra } as Parameters<typeof clerk>[0]),
      (extra: object) => stytch({ ...STYTCH, ...extra }),
      (extra: object) => authlete({ ...AUTHLETE, ...extra }),
    ]) {
      expect(problem(() => create({ claims: {} })).option).toMatch(/^\w+\.claims$/)
      expect(problem(() => create({ scopeClaims: [[]] })).option).toMatch(/^\w+\.scopeClaims\[0\]$/)
    }
  })

  it('clerk and stytch have no clientClaims, because the client is the subject', () => {
    const extra = { clientClaims: 'cid' }
    expect(problem(() => clerk({ ...CLERK, ...extra } as Parameters<typeof clerk>[0])).message).toMatch(
      /clerk\.clientClaims: unknown option/,
    )
    expect(problem(() => stytch({ ...STYTCH, ...extra })).message).toMatch(
      /stytch\.clientClaims: unknown option/,
    )
  })

  it('an option that is changed after the issuer was created has no effect on it', () => {
    const path = ['realm_access', 'roles']
    const claims = { tenant: ['acme'] }
    const issuer = oauth({ ...OAUTH, scopeClaims: [path], claims })
    const read = (): object =>
      issuer.jwt!.readClaims({ sub: 'x', exp: 1, realm_access: { roles: ['a'] }, tenant: 'acme' }, {})
    path[1] = 'other'
    claims.tenant[0] = 'other'
    expect(read()).toMatchObject({ scopes: ['a'] })
  })
})
