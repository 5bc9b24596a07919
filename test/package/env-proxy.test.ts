import { beforeAll, expect, it } from 'vitest'
import { startConnectProxy } from '../support/proxy/connect-proxy.js'
import { decideInProcess, proxiedIssuer } from '../support/proxy/proxied-issuer.js'
import { installNodes, nodeBinary } from './support/nodes.js'

beforeAll(installNodes, 300_000)

it.each([['22'], ['24']])(
  'Node %s: NODE_USE_ENV_PROXY sends every call to the issuer through the proxy, as docs/guide/cors-and-proxies.md says',
  async (line) => {
    const site = await proxiedIssuer('localhost')
    const proxy = await startConnectProxy()
    const host = `localhost:${site.front.port}`
    const decide = (extra: Readonly<Record<string, string>>) =>
      decideInProcess(site, {
        issuer: `https://${host}`,
        node: nodeBinary(line),
        env: { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: site.certificateFile, ...extra },
      })
    expect(await decide({})).toBe('accepted')
    expect(await decide({ NODE_USE_ENV_PROXY: '1', NO_PROXY: 'localhost' })).toBe('accepted')
    expect(proxy.requests).toEqual([])
    expect(await decide({ NODE_USE_ENV_PROXY: '1' })).toBe('accepted')
    expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT ${host}`]))
    proxy.fail()
    expect(await decide({ NODE_USE_ENV_PROXY: '1' })).toBe('undecidable')
  },
)
