import { describe, expect, it } from 'vitest'
import type { MintJwtOptions, PresetName } from '../../../src/testing/index.js'
import { presetBed, type Extra, type PresetBed } from './support.js'

type Variant = readonly [
  what: string,
  preset: PresetName,
  token: Omit<MintJwtOptions, 'preset'>,
  expected: string,
  extra?: Extra,
]

const TENANT = '5d3ae1f0-8c1b-4c55-9a3e-0f6f7a2f4c10'
const OTHER_TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const V1 = `https://sts.windows.net/${TENANT}/`
const none = undefined

const AUTH0: readonly Variant[] = [
  ['an RFC 9068 token of a client', 'auth0', rfc9068('billing@clients'), 'accepted'],
  ['an RFC 9068 token whose sub is the client id', 'auth0', rfc9068('billing'), 'accepted'],
  ['an RFC 9068 token of a user', 'auth0', rfc9068('auth0|65f0c2a9'), 'claim_invalid'],
  ['an RFC 9068 token with the sub of another client', 'auth0', rfc9068('other@clients'), 'claim_invalid'],
  ['the password grant', 'auth0', { claims: { gty: 'password' } }, 'claim_invalid'],
  [
    'a list of grants',
    'auth0',
    { claims: { gty: ['client-credentials', 'refresh_token'] } },
    'claim_invalid',
  ],
  ['gty null', 'auth0', { claims: { gty: null } }, 'claim_invalid'],
]

function rfc9068(sub: string): Omit<MintJwtOptions, 'preset'> {
  return { header: { typ: 'at+jwt' }, claims: { gty: none, azp: none, client_id: 'billing', sub } }
}

const ENTRA: readonly Variant[] = [
  ['a v1 token', 'entra', { claims: { iss: V1, azp: none, appid: 'billing', ver: '1.0' } }, 'accepted'],
  ['no idtyp, no scp', 'entra', { claims: { idtyp: none } }, 'accepted'],
  ['no idtyp, scp', 'entra', { claims: { idtyp: none, scp: 'access_as_user' } }, 'claim_invalid'],
  ['idtyp null, scp', 'entra', { claims: { idtyp: null, scp: 'access_as_user' } }, 'claim_invalid'],
  ['idtyp device', 'entra', { claims: { idtyp: 'device' } }, 'claim_invalid'],
  ['idtyp as a list', 'entra', { claims: { idtyp: ['app'] } }, 'claim_invalid'],
  [
    'an ID token without nonce',
    'entra',
    { claims: { idtyp: none, azp: none, name: 'Alice' } },
    'claim_invalid',
  ],
  ['an ID token with few claims', 'entra', { claims: { idtyp: none, azp: none } }, 'claim_invalid'],
  ['no idtyp, pairwise sub', 'entra', { claims: { idtyp: none, sub: 'pairwise' } }, 'claim_invalid'],
  ['a second tenant', 'entra', ofTenant(OTHER_TENANT), 'accepted', { tenant: [TENANT, OTHER_TENANT] }],
  [
    'a third tenant',
    'entra',
    ofTenant(OTHER_TENANT.replace('7', '8')),
    'issuer_unknown',
    { tenant: [TENANT] },
  ],
]

function ofTenant(tid: string): Omit<MintJwtOptions, 'preset'> {
  return { claims: { iss: `https://login.microsoftonline.com/${tid}/v2.0`, tid } }
}

function otherGrant(claims: object = {}): Omit<MintJwtOptions, 'preset'> {
  return { claims: { jti: 'onrtac:1d4c', ...claims } }
}

/** What an access token with few claims has, of a person and of a service account alike. */
const lightweight = {
  scope: none,
  acr: none,
  realm_access: none,
  resource_access: none,
  email_verified: none,
}
const noNotes = { clientHost: none, clientAddress: none }
const session = { sid: '9d3c7e10-4a52' }
/** A token that names no user, as those of the client scope service_account alone. */
function named(claims: object): Omit<MintJwtOptions, 'preset'> {
  return { claims: { preferred_username: none, ...claims } }
}

/** Lightweight tokens of Keycloak 24 and newer. Those of people differ by the session, or by nothing at all. */
function lightweightTokens(): readonly Variant[] {
  const bare = { ...lightweight, ...noNotes, preferred_username: none, client_id: none }
  const jtis: readonly (readonly [string, string, string])[] = [
    ['the client credentials grant', 'trltcc:1d4c', 'accepted'],
    ['the client credentials grant with a session', 'onltcc:1d4c', 'accepted'],
    ...['ac', 'rt', 'pg', 'dg', 'te', 'ci', 'pc', 'na', 'X1'].flatMap((grant) =>
      ['on', 'of', 'tr', 'nt', 'ft'].map(
        (kind) => [`another grant, ${kind}lt${grant}`, `${kind}lt${grant}:1d4c`, 'claim_invalid'] as const,
      ),
    ),
    ['no grant', '4f9b1c7e-2c41', 'claim_invalid'],
  ]
  return jtis.map(([what, jti, expected]): Variant => [
    `a lightweight token of ${what}`,
    'keycloak',
    { claims: { ...bare, jti } },
    expected,
  ])
}

const unnamed = { preferred_username: none, client_id: none }
const KEYCLOAK: readonly Variant[] = [
  ['only preferred_username', 'keycloak', { claims: { client_id: none } }, 'accepted'],
  ['only client_id', 'keycloak', { claims: { preferred_username: none } }, 'accepted'],
  ...lightweightTokens(),
  ['only client_id, which a mapper may add to every token', 'keycloak', named(noNotes), 'claim_invalid'],
  [
    'clientId without an address',
    'keycloak',
    named({ client_id: none, clientId: 'billing', ...noNotes }),
    'claim_invalid',
  ],
  ['client_id of another client', 'keycloak', named({ client_id: 'web' }), 'claim_invalid'],
  ['only clientHost', 'keycloak', named({ clientAddress: none }), 'accepted'],
  ['only clientAddress', 'keycloak', named({ clientHost: none }), 'accepted'],
  ['addresses that are null', 'keycloak', named({ clientHost: null, clientAddress: null }), 'claim_invalid'],
  ['auth_time of a login', 'keycloak', { claims: { auth_time: 1_700_000_000 } }, 'claim_invalid'],
  [
    'only clientId of older versions',
    'keycloak',
    { claims: { ...unnamed, clientId: 'billing' } },
    'accepted',
  ],
  ['only the jti of the grant', 'keycloak', { claims: { ...unnamed, jti: 'trrtcc:1d4c' } }, 'accepted'],
  [
    'the jti of the code grant, beside the name of a service account',
    'keycloak',
    otherGrant(),
    'claim_invalid',
  ],
  [
    'the jti of the code grant, beside the id of a client',
    'keycloak',
    otherGrant({ preferred_username: none, clientId: 'billing' }),
    'claim_invalid',
  ],
  ['a jti that encodes no grant', 'keycloak', { claims: { jti: '4f9b1c7e-2c41' } }, 'accepted'],
  ['the jti of the code grant', 'keycloak', { claims: { ...unnamed, jti: 'onrtac:1d4c' } }, 'claim_invalid'],
  ['nothing that names a service account', 'keycloak', { claims: unnamed }, 'claim_invalid'],
  ['a user with the name of a service account', 'keycloak', { claims: session }, 'claim_invalid'],
  ['session_state', 'keycloak', { claims: { session_state: 'x' } }, 'claim_invalid'],
  ['the service account of another client', 'keycloak', { claims: { azp: 'web' } }, 'claim_invalid'],
  ['an ID token', 'keycloak', { claims: { typ: 'ID' } }, 'type_not_allowed'],
  ['a refresh token', 'keycloak', { claims: { typ: 'Refresh' } }, 'type_not_allowed'],
  [
    'roles of a wrong type',
    'keycloak',
    { claims: { resource_access: { orders: { roles: 1 } } } },
    'claim_invalid',
  ],
]

const OTHERS: readonly Variant[] = [
  ['an ID token', 'cognito', { claims: { token_use: 'id' } }, 'type_not_allowed'],
  ['no token_use', 'cognito', { claims: { token_use: none } }, 'claim_invalid'],
  ['the sub of a user', 'cognito', { claims: { sub: 'alice' } }, 'claim_invalid'],
  ['the sub of a user', 'okta', { claims: { sub: 'alice@example.com' } }, 'claim_invalid'],
  ['neither sub nor cid', 'okta', { claims: { sub: none, cid: none } }, 'claim_missing'],
  ['an unverified address', 'google', { claims: { email_verified: false } }, 'claim_invalid'],
  ['email_verified as a string', 'google', { claims: { email_verified: 'true' } }, 'claim_invalid'],
  ['no address', 'google', { claims: { email: none } }, 'claim_invalid'],
  ['the iss without https', 'google', { claims: { iss: 'accounts.google.com' } }, 'accepted'],
  ['a repository in other case', 'githubActions', { clientId: 'Acme/billing' }, 'claim_invalid'],
  ['a list of repositories', 'githubActions', { claims: { repository: ['acme/billing'] } }, 'claim_invalid'],
  ['another branch', 'githubActions', {}, 'claim_invalid', { claims: { ref: 'refs/heads/release' } }],
  [
    'a self-managed server',
    'gitlab',
    { claims: { iss: 'https://git.test' } },
    'accepted',
    { url: 'https://git.test/' },
  ],
  ['a service token with an address', 'cloudflareAccess', { claims: { email: 'a@b.c' } }, 'claim_invalid'],
  ['a service token without sub', 'cloudflareAccess', { claims: { sub: none } }, 'accepted'],
  ['no common_name', 'cloudflareAccess', { claims: { common_name: none } }, 'claim_missing'],
  ['the scopes of RBAC', 'auth0', { scopes: 'a', claims: { scope: none } }, 'accepted'],
]

describe('variants of tokens', () => {
  it.each(
    [...AUTH0, ...ENTRA, ...KEYCLOAK, ...OTHERS].map((variant) => [variant[0], variant[1], variant] as const),
  )('%s at %s', async (_, preset, [, , token, expected, extra]) => {
    const { outcome } = await presetBed(preset, extra)
    expect(await outcome(token)).toBe(expected)
  })
})

describe('the detail of a refused caller', () => {
  it.each<[string, PresetName, object, string]>([
    [
      'neither gty nor client_id',
      'auth0',
      { gty: none, sub: 'auth0|65f0', azp: 'web' },
      'gty is missing, and so is client_id; sub is "auth0|65f0", and azp is "web"',
    ],
    [
      'the sub of a user',
      'auth0',
      { gty: none, client_id: 'web', sub: 'auth0|65f0' },
      'gty is missing, and sub "auth0|65f0" is not that of the client "web"',
    ],
    ['no cid', 'okta', { cid: none }, 'cid is missing: the token is not an access token of Okta'],
    [
      'no azp',
      'keycloak',
      { azp: none, client_id: none },
      'azp is missing, so that no client can be identified',
    ],
  ])('%s at %s: the detail names what is absent', async (_, preset, claims, expected) => {
    const { mint, verify } = await presetBed(preset)
    expect((await verify(mint({ claims: { ...claims } }))).detail).toBe(expected)
  })
})

describe('facts', () => {
  it('a v1 token of Entra names its client in appid', async () => {
    const { mint, verify } = await presetBed('entra')
    const claims = { iss: V1, azp: none, appid: 'billing', ver: '1.0' }
    const { token } = await verify(mint({ scopes: 'Orders.Read', claims }), { clients: 'billing' })
    expect(token).toMatchObject({ clientId: 'billing', issuer: V1, scopes: ['Orders.Read'] })
  })

  it('keycloak: without clientRoles, roles are not scopes', async () => {
    const { mint, verify } = await presetBed('keycloak', { clientRoles: undefined })
    expect((await verify(mint({ scopes: 'orders:read' }))).token!.scopes).toEqual(['profile', 'email'])
  })

  it('keycloak: scopeClaims replaces scope, and clientRoles still applies', async () => {
    const { mint, verify } = await presetBed('keycloak', { scopeClaims: [['realm_access', 'roles']] })
    expect((await verify(mint({ scopes: 'orders:read' }))).token!.scopes).toEqual([
      'offline_access',
      'default-roles-test',
      'orders:read',
    ])
  })

  it('keycloak: jwksUri replaces the discovery document, and the iss stays that of url', async () => {
    const jwksUri = 'http://keycloak:8080/realms/test/protocol/openid-connect/certs'
    const urls: string[] = []
    const bed: PresetBed = await presetBed('keycloak', {
      jwksUri,
      insecureHosts: ['keycloak:8080'],
      fetch: (url: string) => {
        urls.push(url)
        return Promise.resolve(Response.json(bed.issuer.jwks('keycloak')))
      },
    })
    expect((await bed.verify(bed.mint())).token?.issuer).toBe('https://keycloak.test/realms/test')
    expect(urls).toEqual([jwksUri])
  })

  it('kubernetes: a policy names a caller by its subject', async () => {
    const { mint, verify } = await presetBed('kubernetes')
    const sub = 'system:serviceaccount:billing:invoices'
    expect((await verify(mint(), { subjects: sub })).token!.subject).toBe(sub)
    expect((await verify(mint(), { subjects: 'system:serviceaccount:billing:x' })).reason).toBe(
      'subject_not_allowed',
    )
  })

  it('the claims of a service token of Cloudflare are those of the token', async () => {
    const { mint, verify } = await presetBed('cloudflareAccess')
    expect((await verify(mint())).token!.claims).toMatchObject({ sub: '', type: 'app' })
  })
})
