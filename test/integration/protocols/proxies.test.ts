import { describe, expect, it } from 'vitest'
import type { Verifier } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { startConnectProxy } from '../../support/proxy/connect-proxy.js'
import { answerTo } from '../../support/outcomes.js'
import { decideInProcess, proxiedIssuer } from '../../support/proxy/proxied-issuer.js'
import { startTlsFront } from '../../support/proxy/tls-front.js'
import { runBlock } from '../docs/programs/run.js'
import { recipeOf } from './support.js'

const PAGE = 'docs/guide/cors-and-proxies.md'
const PROXY = 'http://proxy.internal:3128'
const HOST = 'issuer.internal'

/** Makes the test issuer call itself by a name that only the proxy knows. */
function renamed(issuer: TestIssuer, url: string): string {
  issuer.fail('discovery', { body: { issuer: url, jwks_uri: `${url}/jwks` } })
  return issuer.mintJwt({ claims: { iss: url } })
}

describe('the recipe for a proxy by undici', () => {
  const block = recipeOf('By `undici`', PAGE)

  it('sends every call to the issuer through the proxy', async () => {
    const proxy = await startConnectProxy()
    const { issuer, exports } = await runBlock(block, undefined, { [PROXY]: proxy.url })
    const verifier = exports['verifier'] as Verifier
    expect((await answerTo(verifier, issuer.mintJwt())).status).toBe(200)
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1 })
    const { host } = new URL(issuer.url)
    expect(proxy.requests.length).toBeGreaterThan(0)
    expect(proxy.requests.filter((request) => !request.includes(host))).toEqual([])
  })

  it('opens a tunnel to an https issuer, whose certificate is checked: 503 with an unknown CA', async () => {
    const front = await startTlsFront(HOST)
    const proxy = await startConnectProxy({ [HOST]: front.port })
    const { issuer, exports } = await runBlock(block, undefined, {
      [PROXY]: proxy.url,
      'https://auth.example.com': `https://${HOST}`,
    })
    front.forwardTo(issuer.url)
    const token = renamed(issuer, `https://${HOST}`)
    expect((await answerTo(exports['verifier'] as Verifier, token)).status).toBe(503)
    expect(proxy.requests[0]).toBe(`CONNECT ${HOST}:443`)
    expect(issuer.calls.discovery).toBe(0)
  })

  it('a proxy that fails is an outage: 503, and no call goes around it', async () => {
    const proxy = await startConnectProxy()
    proxy.fail()
    const { issuer, exports } = await runBlock(block, undefined, { [PROXY]: proxy.url })
    const answer = await answerTo(exports['verifier'] as Verifier, issuer.mintJwt())
    expect([answer.status, answer.retryAfter !== undefined]).toEqual([503, true])
    expect(issuer.calls).toMatchObject({ discovery: 0, jwks: 0 })
  })
})

describe('the recipe for a private CA', () => {
  const block = recipeOf('A private CA', PAGE)

  it('accepts the certificate of the CA, over a tunnel', async () => {
    const front = await startTlsFront(HOST)
    const proxy = await startConnectProxy({ [HOST]: front.port })
    const { issuer, exports } = await runBlock(block, undefined, {
      [PROXY]: proxy.url,
      'process.env.ISSUER_CA!': JSON.stringify(front.certificate),
      'https://auth.example.com': `https://${HOST}`,
    })
    front.forwardTo(issuer.url)
    const token = renamed(issuer, `https://${HOST}`)
    expect((await answerTo(exports['verifier'] as Verifier, token)).status).toBe(200)
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${HOST}:443`]))
    expect(issuer.calls).toMatchObject({ discovery: 1, jwks: 1 })
  })

  it('NODE_EXTRA_CA_CERTS adds a CA to a process', async () => {
    const site = await proxiedIssuer('localhost')
    const url = `https://localhost:${site.front.port}`
    expect(await decideInProcess(site, { issuer: url, env: {} })).toBe('undecidable')
    const env = { NODE_EXTRA_CA_CERTS: site.certificateFile }
    expect(await decideInProcess(site, { issuer: url, env })).toBe('accepted')
  })
})
