import { createPrivateKey, generateKeyPairSync, type ED25519KeyPairOptions } from 'node:crypto'
import { mkdtemp, readFile, rm, symlink, writeFile, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importPKCS8, SignJWT } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { oauthTokens } from '../../src/management/index.js'
import type { FederatedIdentity, PresetName, TestIssuer } from '../../src/testing/index.js'
import { NOW } from '../support/clock.js'
import { clientBed, type ClientBed } from '../support/client.js'
import { decode } from '../support/tokens/jwt.js'
import { failureOf } from '../support/outcomes.js'
import { startIssuer } from '../support/test-bed.js'

const PEM: ED25519KeyPairOptions<'pem', 'pem'> = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
}
const AWS = generateKeyPairSync('ec', { namedCurve: 'P-384', ...PEM })

/** A token of a platform for the test issuer, and the identity that the issuer trusts. */
interface Workload {
  readonly token: () => string | Promise<string>
  readonly identity: FederatedIdentity
}

function ofPreset(preset: PresetName, audience?: string) {
  return (issuer: TestIssuer): Workload => {
    const token = (): string => issuer.mintJwt({ preset, audience: audience ?? issuer.url })
    const { iss, sub } = decode(token()).claims as { readonly iss: string; readonly sub: string }
    const identity = { issuer: iss, subject: sub, jwks: issuer.jwks(preset) }
    return { token, identity: audience === undefined ? identity : { ...identity, audience } }
  }
}

/** The token that `sts:GetWebIdentityToken` of AWS returns. */
function ofAws(issuer: TestIssuer): Workload {
  const iss = 'https://3d4b1c7e-2c41-4d7c-8d0e-7a1f5e3b9c62.tokens.sts.global.api.aws'
  const sub = 'arn:aws:iam::123456789012:role/billing'
  const { kty, crv, x, y } = createPrivateKey(AWS.privateKey).export({ format: 'jwk' })
  return {
    token: async () =>
      new SignJWT({ iss, sub, aud: issuer.url, iat: NOW, exp: NOW + 300, jti: 'a' })
        .setProtectedHeader({ alg: 'ES384', typ: 'JWT', kid: 'EC384_0' })
        .sign(await importPKCS8(AWS.privateKey, 'ES384')),
    identity: {
      issuer: iss,
      subject: sub,
      jwks: { keys: [{ kty, crv, x, y, kid: 'EC384_0', alg: 'ES384' }] },
    },
  }
}

const PLATFORMS: readonly [string, (issuer: TestIssuer) => Workload][] = [
  ['Kubernetes', ofPreset('kubernetes')],
  ['GitHub Actions', ofPreset('githubActions')],
  ['GitLab CI', ofPreset('gitlab')],
  ['Google', ofPreset('google')],
  ['Google with the audience of Entra', ofPreset('google', 'api://AzureADTokenExchange')],
  ['AWS', ofAws],
]

const CLIENT = { clientId: 'billing', clientSecret: undefined }

function federated(bed: ClientBed, of: (issuer: TestIssuer) => Workload): Workload {
  const workload = of(bed.issuer)
  bed.issuer.addClient({ clientId: 'billing', federated: workload.identity })
  return workload
}

describe('clientAssertion', () => {
  it.each(PLATFORMS)('with the token of %s obtains a token of the client', async (_, of) => {
    const bed = await clientBed()
    const { token } = federated(bed, of)
    const obtained = await bed.source({ ...CLIENT, clientAssertion: token }).getToken()
    expect(decode(obtained).claims['client_id']).toBe('billing')
    const [{ form }] = bed.sent as [(typeof bed.sent)[0]]
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'client_credentials',
      client_id: 'billing',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: expect.any(String) as string,
    })
  })

  it('as a function that reads a file uses the file that the platform has replaced', async () => {
    const bed = await clientBed()
    const { token } = federated(bed, ofPreset('kubernetes'))
    // Kubernetes replaces the file by a symbolic link to a new directory.
    const folder = await mkdtemp(join(tmpdir(), 'token-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const write = async (name: string, content: string): Promise<void> => {
      await writeFile(join(folder, name), content)
      await symlink(join(folder, name), join(folder, `${name}.link`))
      await rename(join(folder, `${name}.link`), join(folder, 'token'))
    }
    const [first, second] = [await token(), await token()]
    await write('1', `${first}\n`)
    const source = bed.source({ ...CLIENT, clientAssertion: () => readFile(join(folder, 'token'), 'utf8') })
    await source.getToken({ scopes: 'a' })
    await write('2', second)
    await source.getToken({ scopes: 'b' })
    expect(bed.sent.map(({ form }) => form.get('client_assertion'))).toEqual([first, second])
  })

  it('that expired is read anew for the next request, which succeeds', async () => {
    const bed = await clientBed()
    const { identity } = federated(bed, ofPreset('kubernetes'))
    const preset = 'kubernetes'
    const tokens = [
      bed.issuer.mintJwt({ preset, audience: bed.issuer.url, expiresIn: -1 }),
      bed.issuer.mintJwt({ preset, audience: bed.issuer.url }),
    ]
    expect(identity.issuer).toContain('kubernetes')
    const source = bed.source({ ...CLIENT, clientAssertion: () => tokens.shift() ?? '' })
    expect(await source.getToken()).toBeTypeOf('string')
  })

  it('authenticates introspection and oauthTokens, and is read for every request', async () => {
    const bed = await clientBed()
    const { token, identity } = federated(bed, ofPreset('kubernetes'))
    let reads = 0
    const clientAssertion = (): string | Promise<string> => {
      reads += 1
      return token()
    }
    const { issuer, clock } = bed
    const introspection = { clientId: 'billing', clientAssertion }
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ introspection }))], clock })
    for (let count = 0; count < 2; count += 1) await verifier.verify(issuer.mintOpaque())
    verifier.close()
    expect(reads).toBe(2)
    const current = await startIssuer({ clock: Date.now })
    const { jwks } = { jwks: current.jwks('kubernetes') }
    current.addClient({ clientId: 'billing', federated: { ...identity, jwks } })
    const tokens = oauthTokens({
      issuer: current.url,
      clientId: 'billing',
      clientAssertion: () => current.mintJwt({ preset: 'kubernetes', audience: current.url }),
    })
    expect(await tokens.introspect({ token: current.mintOpaque() })).toMatchObject({ active: true })
  })

  it.each<[string, (issuer: TestIssuer) => string]>([
    ['of another workload', (issuer) => issuer.mintJwt({ preset: 'kubernetes', clientId: 'other/one' })],
    [
      'for another audience',
      (issuer) => issuer.mintJwt({ preset: 'kubernetes', audience: 'https://x.test' }),
    ],
    ['of another platform', (issuer) => issuer.mintJwt({ preset: 'google', audience: issuer.url })],
    [
      'with another key',
      (issuer) => {
        const [header, claims] = issuer.mintJwt({ preset: 'kubernetes', audience: issuer.url }).split('.')
        return `${header!}.${claims!}.${Buffer.alloc(256).toString('base64url')}`
      },
    ],
  ])('%s is refused by the issuer, and appears in no error', async (_, mint) => {
    const bed = await clientBed()
    federated(bed, ofPreset('kubernetes'))
    const clientAssertion = mint(bed.issuer)
    const error = await failureOf(bed.source({ ...CLIENT, clientAssertion }).getToken())
    expect(error).toMatchObject({ reason: 'credentials_refused', status: 401 })
    expect(error.message).not.toContain(clientAssertion.split('.')[2])
  })

  it.each<[string, () => unknown, RegExp]>([
    ['fails', () => Promise.reject(new Error('hunter2')), /clientAssertion: the function or promise failed/],
    ['returns a path', () => '/var/run/hunter2', /clientAssertion: must be a JWT/],
    ['returns an empty file', () => '\n', /clientAssertion: must be a non-empty string/],
  ])('whose function %s makes no request', async (_, clientAssertion, message) => {
    const bed = await clientBed()
    const options = { ...CLIENT, clientAssertion: clientAssertion as () => string }
    const error = await failureOf(bed.source(options).getToken())
    expect(error).toMatchObject({ reason: 'credentials_unavailable' })
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('hunter2')
    expect(bed.issuer.calls.token).toBe(0)
  })
})
