import { describe, expect, it } from 'vitest'
import { MACHINES } from '../../../src/testing/presets/names.js'
import type { PresetName } from '../../../src/testing/index.js'
import { presetBed } from './support.js'

interface Case {
  /** Scopes to mint, in the form of the vendor. */
  readonly scopes?: string
  /** Facts of the default machine. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Part of the detail of the refusal of a person. */
  readonly person: string
  /** Another machine of the same issuer, which the options do not name. */
  readonly other?: string
  /** The `iss` of another tenant, region, realm or team. */
  readonly elsewhere: string
}

const TENANT = '5d3ae1f0-8c1b-4c55-9a3e-0f6f7a2f4c10'

const CASES: Readonly<Record<PresetName, Case>> = {
  auth0: {
    scopes: 'orders:read orders:write',
    facts: { clientId: 'billing', subject: 'billing@clients', scopes: ['orders:read', 'orders:write'] },
    person: 'gty is missing',
    elsewhere: 'https://other.eu.auth0.com/',
  },
  cloudflareAccess: {
    facts: {
      clientId: '0c5e7a1b2d3f4a5b6c7d8e9f0a1b2c3d.access',
      subject: '0c5e7a1b2d3f4a5b6c7d8e9f0a1b2c3d.access',
      scopes: [],
    },
    person: 'email is present',
    other: 'ffffffffffffffffffffffffffffffff.access',
    elsewhere: 'https://other.cloudflareaccess.com',
  },
  cognito: {
    scopes: 'orders/read',
    facts: { clientId: '7h3k0billing1example', subject: '7h3k0billing1example', scopes: ['orders/read'] },
    person: 'username is present',
    other: '2otherclientexample',
    elsewhere: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other',
  },
  entra: {
    scopes: 'Orders.Read',
    facts: { clientId: '8b1f6d52-3c0a-4f0e-9d55-2b7a4c9e1f33', scopes: ['Orders.Read'] },
    person: 'idtyp is "user"',
    elsewhere: `https://login.microsoftonline.com/${TENANT.replace('5d', '6d')}/v2.0`,
  },
  githubActions: {
    facts: { clientId: 'acme/billing', subject: 'repo:acme/billing:ref:refs/heads/main', scopes: [] },
    person: 'repository is "alice/experiments"',
    other: 'acme/billing-fork',
    elsewhere: 'https://token.actions.githubusercontent.com/other',
  },
  gitlab: {
    facts: {
      clientId: 'acme/billing',
      subject: 'project_path:acme/billing:ref_type:branch:ref:main',
      scopes: [],
    },
    person: 'project_path is',
    other: 'acme/billing/nested',
    elsewhere: 'https://gitlab.example.com',
  },
  google: {
    facts: {
      clientId: 'billing@test.iam.gserviceaccount.com',
      subject: '113774264463038321964',
      scopes: [],
    },
    person: 'email is "alice@example.com"',
    other: 'billing@evil.iam.gserviceaccount.com',
    elsewhere: 'https://accounts.google.com/',
  },
  keycloak: {
    scopes: 'orders:read',
    facts: { clientId: 'billing', scopes: ['profile', 'email', 'orders:read'] },
    person: 'sid is present',
    elsewhere: 'https://keycloak.test/realms/other',
  },
  kubernetes: {
    facts: {
      clientId: 'billing/invoices',
      subject: 'system:serviceaccount:billing:invoices',
      scopes: [],
    },
    person: 'sub is "alice@example.com"',
    other: 'billing/other',
    elsewhere: 'https://other.cluster.internal',
  },
  okta: {
    scopes: 'orders:read',
    facts: { clientId: '0oa1billing2example3', subject: '0oa1billing2example3', scopes: ['orders:read'] },
    person: 'uid is present',
    elsewhere: 'https://test.okta.com/oauth2/other',
  },
  spiffe: {
    facts: {
      issuer: 'spiffe://test.internal',
      clientId: 'spiffe://test.internal/ns/billing/sa/invoices',
      subject: 'spiffe://test.internal/ns/billing/sa/invoices',
      scopes: [],
    },
    person: 'sub is "spiffe://test.internal/user/alice"',
    other: 'spiffe://test.internal/ns/billing/sa/invoices2',
    elsewhere: 'https://other.internal',
  },
}

const NAMES = Object.keys(CASES) as readonly PresetName[]

it.each(NAMES.filter((name) => CASES[name].other !== undefined))(
  '%s refuses a machine that the options do not name',
  async (preset) => {
    const { outcome } = await presetBed(preset)
    expect(await outcome({ clientId: CASES[preset].other! })).toBe('claim_invalid')
  },
)

// SPIFFE tokens are routed by their trust domain.
it.each(NAMES.filter((name) => name !== 'spiffe'))(
  '%s refuses a token of another tenant, region, realm or team',
  async (preset) => {
    const { outcome } = await presetBed(preset)
    expect(await outcome({ claims: { iss: CASES[preset].elsewhere } })).toBe('issuer_unknown')
  },
)

// Access tokens of Cognito have no audience.
it.each(NAMES.filter((name) => name !== 'cognito'))('%s refuses a token for another API', async (preset) => {
  const { outcome } = await presetBed(preset)
  expect(await outcome({ audience: 'https://other.internal' })).toBe('audience_mismatch')
  expect(await outcome({ audience: null })).toBe('audience_mismatch')
})

describe.each(NAMES)('%s', (preset) => {
  const { scopes, facts, person } = CASES[preset]
  const granted = scopes === undefined ? {} : { scopes }

  it('accepts a machine, with the client and the scopes in the form of the vendor', async () => {
    const { mint, verify } = await presetBed(preset)
    const { token, reason, detail } = await verify(mint(granted))
    expect(reason, detail).toBeUndefined()
    expect(token).toMatchObject({ ...facts, provider: preset, format: 'jwt' })
  })

  it('a policy names the caller in the form of the options', async () => {
    const { mint, verify } = await presetBed(preset)
    const clients = MACHINES[preset]
    expect((await verify(mint(), { clients })).reason).toBeUndefined()
    expect((await verify(mint(), { clients: `${clients}2` })).reason).toBe('client_not_allowed')
  })

  it('refuses a person with 401 claim_invalid, and the detail says why', async () => {
    const { mint, verify } = await presetBed(preset)
    const result = await verify(mint({ ...granted, person: true }))
    expect(result).toMatchObject({ reason: 'claim_invalid' })
    expect(result.detail).toContain(person)
  })

  it('refuses an ID token', async () => {
    const { outcome } = await presetBed(preset)
    expect(await outcome({ claims: { nonce: 'n-0S6_WzA2Mj' } })).toBe('type_not_allowed')
  })

  it('applies its rule beside the option claims, which can only refuse more', async () => {
    const { outcome } = await presetBed(preset, { claims: { jti: ['a', 'b'] } })
    expect(await outcome({ claims: { jti: 'a' } })).toBe('accepted')
    expect(await outcome({ claims: { jti: 'c' } })).toBe('claim_invalid')
    expect(await outcome({ person: true, claims: { jti: 'a' } })).toBe('claim_invalid')
  })

  it('refuses a token whose claims have other types, and accepts the next one', async () => {
    const { outcome } = await presetBed(preset)
    const names = ['azp', 'client_id', 'cid', 'email', 'repository', 'project_path', 'common_name']
    const claims = Object.fromEntries(names.map((name) => [name, { toString: 'x' }]))
    expect(await outcome({ claims: { ...claims, sub: ['x'] } })).toMatch(/^claim_invalid|issuer_unknown$/)
    expect(await outcome()).toBe('accepted')
  })

  it('refuses a token that another preset of the same test issuer has signed', async () => {
    const { mint, issuer, verify } = await presetBed(preset)
    const foreign = preset === 'okta' ? 'auth0' : 'okta'
    const kid = issuer.addKey({ provider: foreign })
    const [, payload = ''] = mint().split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const forged = issuer.mintJwt({ preset: foreign, kid, claims })
    expect((await verify(forged)).reason).toBe('key_unknown')
  })
})
