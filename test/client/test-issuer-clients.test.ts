import { generateKeyPairSync, randomUUID, type ED25519KeyPairOptions } from 'node:crypto'
import { importPKCS8, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../src/testing/index.js'
import { send } from '../support/servers/http.js'
import { decode } from '../support/tokens/jwt.js'
import { startIssuer } from '../support/test-bed.js'
import { NOW } from '../support/clock.js'

// PEM in between: exporting a JWK from a key pair that was just generated can deadlock Node 20.
const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}
const OWN = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM })
const STRANGE = generateKeyPairSync('ec', { namedCurve: 'P-256', ...PEM })
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

interface Bent {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: string
  readonly kid?: string
  readonly form?: Readonly<Record<string, string>>
}

/** A token request of the client `keyed`, right but for what is bent. */
async function form(
  issuer: TestIssuer,
  { claims, key, kid, form }: Bent = {},
): Promise<Record<string, string>> {
  const right = { iss: 'keyed', sub: 'keyed', aud: issuer.url, exp: NOW + 60, jti: randomUUID() }
  const assertion = await new SignJWT({ ...right, ...claims })
    .setProtectedHeader({ alg: 'ES256', ...(kid === undefined ? {} : { kid }) })
    .sign(await importPKCS8(key ?? OWN.privateKey, 'ES256'))
  return {
    grant_type: 'client_credentials',
    client_assertion_type: TYPE,
    client_assertion: assertion,
    ...form,
  }
}

async function issuerWithKeyed(): Promise<TestIssuer> {
  const issuer = await startIssuer()
  issuer.addClient({ clientId: 'keyed', clientSecret: 'unused', publicKey: OWN.publicKey })
  return issuer
}

describe('a client with a key', () => {
  it.each<[string, (issuer: TestIssuer) => Bent]>([
    ['for the issuer', () => ({})],
    ['for the token endpoint', (issuer) => ({ claims: { aud: `${issuer.url}/token` } })],
    ['for a list of one', (issuer) => ({ claims: { aud: [issuer.url] } })],
    ['with its client_id', () => ({ form: { client_id: 'keyed' } })],
    ['with a kid the issuer does not know of', () => ({ kid: 'any' })],
  ])('obtains a token with an assertion %s', async (_, bend) => {
    const issuer = await issuerWithKeyed()
    const { status, json } = await send(`${issuer.url}/token`, { form: await form(issuer, bend(issuer)) })
    expect(status).toBe(200)
    expect(decode(json['access_token'] as string).claims['client_id']).toBe('keyed')
  })

  it.each<[string, Bent]>([
    ['another key', { key: STRANGE.privateKey }],
    ['another issuer', { claims: { iss: 'other' } }],
    ['another subject', { claims: { sub: 'other' } }],
    ['an unknown client', { claims: { iss: 'nobody', sub: 'nobody' } }],
    ['another audience', { claims: { aud: 'https://other.test' } }],
    ['no audience', { claims: { aud: undefined } }],
    ['an exp that has passed', { claims: { exp: NOW } }],
    ['no exp', { claims: { exp: undefined } }],
    ['an exp far in the future', { claims: { exp: NOW + 3600 } }],
    ['no jti', { claims: { jti: undefined } }],
    ['another type', { form: { client_assertion_type: 'x' } }],
    ["another's client_id", { form: { client_id: 'other' } }],
    ['something that is not a JWT', { form: { client_assertion: 'a.b.c' } }],
  ])('is refused with %s', async (_, bent) => {
    const issuer = await issuerWithKeyed()
    const { status, json } = await send(`${issuer.url}/token`, { form: await form(issuer, bent) })
    expect([status, json['error']]).toEqual([401, 'invalid_client'])
  })

  it('is refused with a used assertion, at any endpoint', async () => {
    const issuer = await issuerWithKeyed()
    const used = await form(issuer)
    expect((await send(`${issuer.url}/token`, { form: used })).status).toBe(200)
    for (const path of ['token', 'introspect', 'revoke']) {
      const { status, json } = await send(`${issuer.url}/${path}`, { form: { ...used, token: 'x' } })
      expect([status, json['error']]).toEqual([401, 'invalid_client'])
    }
    const fresh = await form(issuer, { claims: { aud: `${issuer.url}/introspect` } })
    expect((await send(`${issuer.url}/introspect`, { form: { ...fresh, token: 'x' } })).status).toBe(200)
  })

  it('is refused with its secret, and with two proofs in one request', async () => {
    const issuer = await issuerWithKeyed()
    const grant_type = 'client_credentials'
    const basic = ['keyed', 'unused'] as const
    expect((await send(`${issuer.url}/token`, { basic, form: { grant_type } })).status).toBe(401)
    const twice = await send(`${issuer.url}/token`, { basic, form: await form(issuer) })
    expect([twice.status, twice.json['error']]).toEqual([400, 'invalid_request'])
  })

  it('may have several keys, of which the kid names one', async () => {
    const issuer = await startIssuer()
    const jwks = await Promise.all(
      [OWN, STRANGE].map(async ({ publicKey }, index) => ({ ...(await jwkOf(publicKey)), kid: `k${index}` })),
    )
    issuer.addClient({ clientId: 'keyed', jwks: { keys: jwks } })
    const statusOf = async (bent: Bent): Promise<number> =>
      (await send(`${issuer.url}/token`, { form: await form(issuer, bent) })).status
    expect(await statusOf({ kid: 'k0' })).toBe(200)
    expect(await statusOf({ key: STRANGE.privateKey, kid: 'k1' })).toBe(200)
    expect(await statusOf({ key: STRANGE.privateKey, kid: 'k0' })).toBe(401)
  })
})

async function jwkOf(pem: string): Promise<Readonly<Record<string, unknown>>> {
  const { exportJWK, importSPKI } = await import('jose')
  return { ...(await exportJWK(await importSPKI(pem, 'ES256', { extractable: true }))) }
}

describe('a client', () => {
  it('may be limited to audiences, scopes and a token lifetime', async () => {
    const issuer = await startIssuer()
    issuer.addClient({
      clientId: 'c',
      clientSecret: 's',
      audiences: ['https://x.test', 'plain'],
      tokenLifetime: '5m',
    })
    const asked = (query: string) =>
      send(`${issuer.url}/token`, {
        basic: ['c', 's'],
        form: new URLSearchParams(`grant_type=client_credentials&${query}`),
      })
    const good = await asked('resource=https://x.test')
    expect([good.status, good.json['expires_in']]).toEqual([200, 300])
    expect(decode(good.json['access_token'] as string).claims).toMatchObject({
      aud: 'https://x.test',
      exp: NOW + 300,
    })
    expect((await asked('audience=plain')).status).toBe(200)
    for (const query of [
      'resource=https://y.test',
      'audience=other',
      'resource=plain',
      'resource=https://x.test%23a',
    ]) {
      const { status, json } = await asked(query)
      expect([query, status, json['error']]).toEqual([query, 400, 'invalid_target'])
    }
  })

  it('learns the authentication methods from discovery', async () => {
    const issuer = await startIssuer()
    const { json } = await send(`${issuer.url}/.well-known/openid-configuration`)
    const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
    expect(json['token_endpoint_auth_methods_supported']).toEqual(methods)
    expect(json['token_endpoint_auth_signing_alg_values_supported']).toContain('ES256')
  })
})
