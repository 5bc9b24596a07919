import { createTestIssuer, type TestIssuer } from 'm2m-guard/testing'

/**
 * Reads what an example needs from the environment. With none of it set, a test issuer is started and gives
 * the values: the example itself is then the same program as in production.
 */
export async function environment<Name extends string>(
  wanted: Readonly<Record<Name, (issuer: TestIssuer) => string>>,
): Promise<{ readonly env: Readonly<Record<Name, string>>; readonly testIssuer: TestIssuer | undefined }> {
  const names = Object.keys(wanted) as Name[]
  const missing = names.filter((name) => (process.env[name] ?? '') === '')
  if (missing.length > 0 && missing.length < names.length) {
    console.error(`Also set ${missing.join(', ')}, or none of ${names.join(', ')} to use a test issuer.`)
    process.exit(2)
  }
  const testIssuer = missing.length === 0 ? undefined : await createTestIssuer()
  const value = (name: Name): string =>
    testIssuer === undefined ? (process.env[name] ?? '') : wanted[name](testIssuer)
  const env = Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, string>
  return { env, testIssuer }
}
