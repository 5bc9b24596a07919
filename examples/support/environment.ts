import { createTestIssuer, type TestIssuer } from 'm2m-guard/testing'

/**
 * Reads the variables of an example from the environment. If none is set, starts a test issuer and uses its values, so
 * that the rest of the example is the same as in production.
 */
export async function environment<Name extends string>(
  defaults: Readonly<Record<Name, (issuer: TestIssuer) => string>>,
): Promise<{ readonly env: Readonly<Record<Name, string>>; readonly testIssuer: TestIssuer | undefined }> {
  const names = Object.keys(defaults) as Name[]
  const missing = names.filter((name) => (process.env[name] ?? '') === '')
  if (missing.length > 0 && missing.length < names.length) {
    console.error(`Also set ${missing.join(', ')}, or none of ${names.join(', ')} to use a test issuer.`)
    process.exit(2)
  }
  const testIssuer = missing.length === 0 ? undefined : await createTestIssuer()
  const value = (name: Name): string =>
    testIssuer === undefined ? (process.env[name] ?? '') : defaults[name](testIssuer)
  const env = Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, string>
  return { env, testIssuer }
}
