import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, type Refusal } from '../../src/index.js'
import { entra, google } from '../../src/providers/presets/index.js'
import { asClient, createTestIssuer, type PresetName, type TestIssuer } from '../../src/testing/index.js'
import { createIssuer } from '../providers/presets/support.js'

const PRESETS: readonly PresetName[] = [
  'auth0',
  'cloudflareAccess',
  'cognito',
  'entra',
  'githubActions',
  'gitlab',
  'google',
  'keycloak',
  'kubernetes',
  'okta',
  'spiffe',
]

async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  return issuer
}

describe('the presets of a test issuer', () => {
  it('all presets together: each accepts its machine and refuses its person', async () => {
    const issuer = await startIssuer()
    const verifier = createVerifier({ issuers: PRESETS.map((preset) => createIssuer(preset, issuer)) })
    await verifier.ready()
    for (const preset of PRESETS) {
      expect(await verifier.verify(issuer.mintJwt({ preset }))).toMatchObject({ provider: preset })
      const person = issuer.mintJwt({ preset, person: true })
      const failure = await verifier.verify(person).catch((error: unknown) => error)
      expect((failure as Refusal).reason, preset).toBe('claim_invalid')
    }
  })

  it.each(PRESETS)('asClient returns a header that %s accepts', async (preset) => {
    const issuer = await startIssuer()
    const verifier = createVerifier({
      issuers: [createIssuer(preset, issuer, { audience: undefined, ...extra(preset) })],
    })
    const decision = await verifier.authorize({ headers: asClient(verifier) })
    expect(decision).toMatchObject({ outcome: 'accepted', token: { provider: preset } })
  })

  function extra(preset: PresetName): object {
    return preset === 'cognito' ? {} : { audience: ['https://a.test', 'https://b.test'] }
  }

  it('asClient chooses a preset of a verifier by name', async () => {
    const issuer = await startIssuer()
    const verifier = createVerifier({ issuers: [google(issuer.google()), entra(issuer.entra())] })
    const headers = asClient(verifier, { provider: 'entra', scopes: 'Orders.Read' })
    const decision = await verifier.authorize({ headers })
    expect(decision).toMatchObject({ token: { provider: 'entra', scopes: ['Orders.Read'] } })
  })

  it('a revoked key, a failure of the keys and a count of calls work as for other issuers', async () => {
    const issuer = await startIssuer()
    issuer.fail('jwks', 503)
    const verifier = createVerifier({ issuers: [entra(issuer.entra())] })
    await expect(verifier.verify(issuer.mintJwt({ preset: 'entra' }))).rejects.toMatchObject({
      reason: 'keys_unavailable',
    })
    expect(issuer.calls.jwks).toBe(1)
  })

  it('a clientId in the form of the options names another machine', async () => {
    const issuer = await startIssuer()
    const other = 'reports@test.iam.gserviceaccount.com'
    const verifier = createVerifier({ issuers: [google(issuer.google({ serviceAccounts: [other] }))] })
    const token = issuer.mintJwt({ preset: 'google', clientId: other })
    expect(await verifier.verify(token)).toMatchObject({ clientId: other })
  })

  it.each<[string, Parameters<TestIssuer['mintJwt']>[0], RegExp]>([
    ['provider beside preset', { provider: 'clerk', preset: 'entra' }, /provider has no effect with preset/],
    ['person without preset', { person: true }, /person requires preset/],
    ['scopes where the vendor has none', { preset: 'google', scopes: 'a' }, /google have no scopes/],
    ['an unknown preset', { preset: 'ping' as 'okta' }, /preset: must be 'auth0'/],
  ])('%s is an error', async (_, options, message) => {
    const issuer = await startIssuer()
    expect(() => issuer.mintJwt(options)).toThrow(message)
  })

  it('removing an option works as for other issuers', async () => {
    const issuer = await startIssuer()
    expect('fetch' in issuer.okta({ fetch: undefined })).toBe(false)
    expect(issuer.auth0({ audience: 'x' }).audience).toBe('x')
  })
})
