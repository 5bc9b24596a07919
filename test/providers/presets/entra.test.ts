import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import { entra } from '../../../src/providers/presets/index.js'
import { createTestIssuer, type MintJwtOptions } from '../../../src/testing/index.js'
import { presetBed, type PresetBed } from './support.js'

const TENANT = '5d3ae1f0-8c1b-4c55-9a3e-0f6f7a2f4c10'
const OTHER = '72f988bf-86f1-41af-91ab-2d7cd011db47'
const audience = 'https://orders.internal'

type Token = Omit<MintJwtOptions, 'preset'>

const v2 = (tid: string, login = 'login.microsoftonline.com'): Token => ({
  claims: { iss: `https://${login}/${tid}/v2.0`, tid },
})
const v1 = (tid: string, sts = 'sts.windows.net'): Token => ({
  claims: { iss: `https://${sts}/${tid}/`, tid, azp: undefined, appid: 'billing', ver: '1.0' },
})

describe('tenant as a function', () => {
  it('accepts v1 and v2 tokens of every tenant that the function accepts, with the issuer of the token', async () => {
    const { mint, verify } = await presetBed('entra', { tenant: () => true })
    for (const token of [v2(TENANT), v1(TENANT), v2(OTHER), v1(OTHER)]) {
      const result = await verify(mint({ ...token, scopes: 'Orders.Read' }))
      expect(result.reason, result.detail).toBeUndefined()
      expect(result.token).toMatchObject({
        issuer: token.claims!['iss'],
        provider: 'entra',
        scopes: ['Orders.Read'],
      })
    }
  })

  it('refuses people and other tenants, and names the tenant', async () => {
    const { mint, verify, outcome } = await presetBed('entra', { tenant: (id: string) => id === TENANT })
    expect(await outcome({ ...v2(TENANT), person: true })).toBe('claim_invalid')
    expect(await outcome({ ...v1(TENANT), person: true })).toBe('claim_invalid')
    const result = await verify(mint(v1(OTHER)))
    expect(result.reason).toBe('issuer_unknown')
    expect(result.detail).toContain(`the tenant of iss is "${OTHER}"`)
  })

  it('applies the rule in claims to every tenant', async () => {
    const { outcome } = await presetBed('entra', { tenant: () => true, claims: { azp: 'billing' } })
    expect(await outcome({ ...v2(TENANT), clientId: 'billing' })).toBe('accepted')
    expect(await outcome({ ...v2(TENANT), clientId: 'other' })).toBe('claim_invalid')
  })

  it('is called for cached tokens too, so that a removed tenant is refused immediately', async () => {
    const customers = new Set([TENANT])
    const { mint, verify } = await presetBed('entra', { tenant: (id: string) => customers.has(id) })
    const [first, second] = [mint(v2(TENANT)), mint(v1(TENANT))]
    expect([(await verify(first)).reason, (await verify(second)).reason]).toEqual([undefined, undefined])
    customers.delete(TENANT)
    expect((await verify(first)).reason).toBe('issuer_unknown')
    expect((await verify(second)).reason).toBe('issuer_unknown')
  })

  it('is called with ids of tenants only', async () => {
    const called: string[] = []
    const tenant = (id: string): boolean => called.push(id) > 0
    const { outcome } = await presetBed('entra', { tenant })
    for (const id of ['common', 'acme.onmicrosoft.com', TENANT.toUpperCase(), `${TENANT}/x`])
      expect(await outcome(v2(id))).toBe('issuer_unknown')
    expect(called).toEqual([])
  })

  it('a policy names the issuer of a tenant, or the template', async () => {
    const { mint, verify } = await presetBed('entra', { tenant: () => true })
    const template = 'https://login.microsoftonline.com/{tenant}/v2.0'
    const iss = `https://sts.windows.net/${TENANT}/`
    expect((await verify(mint(v1(TENANT)), { issuers: iss })).reason).toBeUndefined()
    expect((await verify(mint(v1(TENANT)), { issuers: template })).reason).toBeUndefined()
    expect((await verify(mint(v1(OTHER)), { issuers: iss })).reason).toBe('issuer_not_allowed')
  })

  it('must not be an async function', () => {
    const tenant = (async () => Promise.resolve(true)) as unknown as () => boolean
    expect(() => entra({ tenant, audience })).toThrow(/^entra\.tenant: must not be an async function/)
  })

  it.each([
    ['v2', `https://login.microsoftonline.com/${TENANT}/v2.0`],
    ['v1', `https://sts.windows.net/${TENANT}/`],
  ])('conflicts with an issuer of a %s iss, which it would accept too', (_, issuer) => {
    const create = (): Verifier =>
      createVerifier({
        issuers: [
          oauth({ issuer, audience, claims: { idtyp: 'app' } }),
          entra({ tenant: () => true, audience }),
        ],
      })
    expect(create).toThrow(`both would accept JWTs with iss "${issuer}"`)
  })
})

describe('keys with an issuer member, as Microsoft publishes them', () => {
  const login = 'https://login.microsoftonline.com'
  it.each<[string, unknown]>([
    ['one tenant', TENANT],
    ['a list', [TENANT, OTHER]],
    ['a function', () => true],
  ])('%s: a key for all tenants verifies v1 and v2 tokens', async (_, tenant) => {
    const bed: PresetBed = await presetBed('entra', {
      tenant,
      fetch: () => {
        const { keys } = bed.issuer.jwks('entra')
        return Promise.resolve(
          Response.json({
            keys: keys.map((key) => ({ ...(key as object), issuer: `${login}/{tenantid}/v2.0` })),
          }),
        )
      },
    })
    for (const token of [v2(TENANT), v1(TENANT)]) {
      const { reason, detail } = await bed.verify(bed.mint(token))
      expect(reason, detail).toBeUndefined()
    }
  })
})

describe('without idtyp', () => {
  it.each([
    ['oid equal to sub is accepted', {}, 'accepted'],
    ['oid that differs from sub is refused', { sub: 'pairwise' }, 'claim_invalid'],
    ['no oid is refused', { oid: undefined }, 'claim_invalid'],
    ['neither oid nor sub is refused', { oid: undefined, sub: undefined }, 'claim_invalid'],
  ])('%s', async (_, claims, expected) => {
    const { outcome } = await presetBed('entra')
    expect(await outcome({ claims: { idtyp: undefined, ...claims } })).toBe(expected)
  })
})

it.each(['puid', 'amr', 'sid', 'ipaddr', 'login_hint', 'onprem_sid', 'upn', 'scp'])(
  'without idtyp, the claim %s marks a person',
  async (name) => {
    const { mint, verify } = await presetBed('entra')
    const { reason, detail } = await verify(mint({ claims: { idtyp: undefined, [name]: 'x' } }))
    expect([reason, detail]).toEqual([
      'claim_invalid',
      `idtyp is missing, and ${name} marks the token of a person`,
    ])
  },
)

describe('cloud', () => {
  it.each([
    ['usGovernment', 'login.microsoftonline.us', 'sts.windows.net'],
    ['china', 'login.partner.microsoftonline.cn', 'sts.chinacloudapi.cn'],
  ] as const)('%s accepts the issuers of that cloud only', async (cloud, login, sts) => {
    const { outcome } = await presetBed('entra', { cloud })
    expect(await outcome(v2(TENANT, login))).toBe('accepted')
    expect(await outcome(v1(TENANT, sts))).toBe('accepted')
    expect(await outcome(v2(TENANT))).toBe('issuer_unknown')
  })

  it('the keys are those of the cloud', async () => {
    const issuer = await createTestIssuer()
    onTestFinished(() => issuer.close())
    const urls: string[] = []
    const fetch: typeof globalThis.fetch = (input) => {
      urls.push(input as string)
      return Promise.resolve(Response.json(issuer.jwks()))
    }
    const verifier = createVerifier({ issuers: [entra({ tenant: TENANT, audience, cloud: 'china', fetch })] })
    onTestFinished(() => verifier.close())
    await verifier.ready()
    expect(urls).toEqual([`https://login.partner.microsoftonline.cn/${TENANT}/discovery/v2.0/keys`])
  })

  it('must be one of the three', () => {
    expect(() => entra({ tenant: TENANT, audience, cloud: 'us' as 'china' })).toThrow(
      /^entra\.cloud: must be 'global', 'usGovernment' or 'china'$/,
    )
  })
})

it.each(['common', 'acme.onmicrosoft.com', TENANT.toUpperCase()])(
  'the error for the tenant %s quotes it, and then says what to write',
  (tenant) => {
    expect(() => entra({ tenant, audience })).toThrow(
      `must be the id of a tenant in lower case, such as '72f988bf-86f1-41af-91ab-2d7cd011db47', not "${tenant}". Set `,
    )
  },
)
