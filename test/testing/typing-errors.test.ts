import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth } from '../../src/index.js'
import { asClient, createTestIssuer, type TestIssuer } from '../../src/testing/index.js'

async function started(): Promise<TestIssuer> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  return issuer
}

/** Calls as JavaScript would make them. */
type Loose = Record<string, (...values: readonly unknown[]) => unknown>

describe('a misspelt name in a test throws, so that the test cannot pass by mistake', () => {
  it.each<[string, readonly unknown[], RegExp]>([
    ['fail', ['introspect', 503], /introspect.*introspection/],
    ['fail', ['introspection', 'hangs'], /hangs.*hang/],
    ['fail', ['introspection', { state: 503 }], /fail\.state/],
    ['heal', ['nope'], /nope/],
    ['gate', ['all'], /all/],
    ['mintJwt', [{ scope: 'a' }], /mintJwt\.scope/],
    ['mintOpaque', [{ scope: 'a' }], /mintOpaque\.scope/],
  ])('%s(%j)', async (method, values, message) => {
    const issuer = (await started()) as unknown as Loose
    expect(() => issuer[method]!(...values)).toThrow(message)
  })

  it('createTestIssuer', async () => {
    const options = { audiance: 'https://api.test' } as object
    await expect(createTestIssuer(options)).rejects.toThrow('createTestIssuer.audiance')
  })

  it.each([
    [{ scope: 'a' }, /^asClient\.scope: unknown option; the options are format, /],
    [{ scope: 'a', format: 'opaque' }, /^asClient\.scope: unknown option/],
    [{ age: 'soon' }, /^asClient\.age: /],
    [{ provider: 'ping' }, /ping.*oauth/],
  ])('asClient(verifier, %j)', async (options, message) => {
    const issuer = await started()
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
    expect(() => asClient(verifier, options as object)).toThrow(message)
  })
})
