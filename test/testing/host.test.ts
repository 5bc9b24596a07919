import { networkInterfaces } from 'node:os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { authlete, clerk, createVerifier, oauth, stytch } from '../../src/index.js'
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '../../src/testing/index.js'

async function start(options: TestIssuerOptions): Promise<TestIssuer> {
  const issuer = await createTestIssuer(options)
  onTestFinished(() => issuer.close())
  return issuer
}

describe('the host of a test issuer', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.2', '127.0.0.2'],
  ])('%s: the URL is http://%s and its tokens are accepted', async (host, shown) => {
    const issuer = await start({ host })
    expect(new URL(issuer.url).hostname).toBe(shown)
    expect(new URL(issuer.endpoints.stytch).hostname).toBe(shown)
    const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
    onTestFinished(() => verifier.close())
    expect((await verifier.verify(issuer.mintJwt())).issuer).toBe(issuer.url)
    expect((await verifier.verify(issuer.mintOpaque())).format).toBe('opaque')
  })

  it('only the loopback interface reaches an issuer without the option', async () => {
    const { url } = await start({})
    const { port } = new URL(url)
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    const reached = await Promise.all(
      ['127.0.0.2', ...others.map(({ address }) => address)].map((address) =>
        fetch(`http://${address}:${port}/jwks`).then(
          () => address,
          () => undefined,
        ),
      ),
    )
    expect(reached.filter((address) => address !== undefined)).toEqual([])
  })

  it('the option url is the iss of its tokens, and in insecureHosts of the options for guards', async () => {
    const issuer = await start({ host: '0.0.0.0', url: 'http://issuer:4100' })
    expect(issuer.url).toBe('http://issuer:4100')
    const { iss } = JSON.parse(atob(issuer.mintJwt().split('.')[1]!)) as { readonly iss: string }
    expect(iss).toBe('http://issuer:4100')
    expect(issuer.oauth().insecureHosts).toEqual(['issuer:4100'])
    for (const of of [
      oauth(issuer.oauth()),
      clerk(issuer.clerk()),
      stytch(issuer.stytch()),
      authlete(issuer.authlete()),
    ]) {
      const verifier = createVerifier({ issuers: [of] })
      expect(verifier.health().issuers).toHaveLength(1)
      verifier.close()
    }
  })

  it('an issuer on loopback or behind https needs no insecureHosts', async () => {
    expect((await start({})).oauth()).not.toHaveProperty('insecureHosts')
    expect((await start({ url: 'https://issuer.test' })).oauth()).not.toHaveProperty('insecureHosts')
  })

  it.each<[TestIssuerOptions, string]>([
    [{ host: '' }, 'createTestIssuer.host: must be an address or a host name'],
    [{ host: 'http://127.0.0.1' }, 'createTestIssuer.host: must be an address or a host name'],
    [{ url: 'issuer:4100' }, "createTestIssuer.url: must be a scheme, a host and a port, such as 'http"],
    [{ url: 'http://issuer:4100/base' }, 'createTestIssuer.url: must have no path, query or user'],
    [{ url: 'http://user:pass@issuer:4100' }, 'createTestIssuer.url: must'],
    [{ url: 'ftp://issuer' }, 'createTestIssuer.url: must be a scheme'],
  ])('%j is refused', async (options, message) => {
    await expect(createTestIssuer(options)).rejects.toThrow(message)
  })
})
