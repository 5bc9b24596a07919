import { describe, expect, it, vi } from 'vitest'
import { createTestIssuer, type TestIssuer } from '../../../src/testing/index.js'
import { loadAsReader } from '../../support/packed/packed-package.js'
import { blocksOf, readPaper } from '../docs/programs/support.js'

const PAGE = 'docs/operate/issuer-failing.md'
const [health, shown, ready] = blocksOf(PAGE)

const AsyncFunction = Object.getPrototypeOf(printed).constructor as new (
  ...parameters: string[]
) => (verifier: unknown) => Promise<void>

/** Runs a program of the page with a verifier, and returns what it prints. */
async function printed(program: string, verifier: unknown): Promise<readonly string[]> {
  const lines: string[] = []
  const print = (line: string) => void lines.push(line)
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(print),
    vi.spyOn(console, 'error').mockImplementation(print),
  ]
  // The type assertion of the page is not JavaScript.
  await new AsyncFunction('verifier', program.replace(' as Error', ''))(verifier)
  for (const spy of spies) spy.mockRestore()
  return lines
}

async function failing(fail: (issuer: TestIssuer) => void) {
  const issuer = await createTestIssuer()
  const { createVerifier, oauth } = (await loadAsReader('m2m-guard')) as typeof import('m2m-guard')
  let now = Date.now()
  const { clientId, clientSecret } = issuer.client
  const introspection = { clientId, clientSecret, endpoint: `${issuer.url}/introspect` }
  const options = { ...issuer.oauth(), jwksUri: `${issuer.url}/jwks`, introspection }
  const verifier = createVerifier({
    issuers: [oauth(options)],
    clock: () => now,
    onIssuerEvent: () => undefined,
  })
  await verifier.ready()
  now += 700_000
  fail(issuer)
  await verifier.verify(issuer.mintJwt()).catch(() => undefined)
  return { issuer, verifier }
}

describe(PAGE, () => {
  it('the first program prints what the page shows', async () => {
    const { issuer, verifier } = await failing((by) => {
      by.fail('jwks', 503)
    })
    const lines = await printed(health!.text, verifier)
    expect(lines.map((line) => line.replaceAll(issuer.url, 'https://auth.example.com'))).toEqual(
      shown!.text.split('\n'),
    )
    await issuer.close()
  })

  it('the second program names the issuer, what came back and what to do, or says that all respond', async () => {
    const issuer = await createTestIssuer()
    const { createVerifier, oauth } = (await loadAsReader('m2m-guard')) as typeof import('m2m-guard')
    const verifier = () =>
      createVerifier({ issuers: [oauth(issuer.oauth())], onIssuerEvent: () => undefined })
    expect(await printed(ready!.text, verifier())).toEqual(['every issuer responds'])
    issuer.fail('discovery', 503)
    const [line] = await printed(ready!.text, verifier())
    expect(line).toContain(issuer.url)
    expect(line).toContain('status 503')
    expect(line).toContain('Check its status page')
    await issuer.close()
  })

  it.each([
    ['contains no usable key', 'src/keys/remote-key-set.ts'],
    ['no complete response', 'src/http/exchange.ts'],
    ['names the issuer', 'src/util/url/issuer-difference.ts'],
  ])('names a message as the code has it: %s', (message, source) => {
    expect(readPaper(PAGE)).toContain(message)
    expect(readPaper(source)).toContain(message)
  })
})
