import { describe, expect, it } from 'vitest'
import type { OAuthOptions } from '../../../src/index.js'
import { frameworks, guarded, type RunningApp } from '../../adapters/frameworks.js'
import { bearer, expectRefusal, jsonOf, run } from '../../adapters/support.js'
import { INVOICES } from './authorization-server.js'
import { KINDS, type Kind } from './instance.js'
import { pass, runningServers, verifierFor } from './support.js'

const servers = runningServers()

type Framework = (typeof frameworks)[number]

/** An API that reads orders. */
function startApi(framework: Framework, kind: Kind, extra?: Partial<OAuthOptions>): Promise<RunningApp> {
  const verifier = verifierFor(servers()[kind], extra)
  return run(framework, { verifier, routes: [{ path: '/', steps: [guarded({ scopes: 'orders:read' })] }] })
}

describe.each(frameworks)('$name in front of a server with RFC 8414 metadata', (framework) => {
  it.each(KINDS)('%s: accepts a valid token, and says what is wrong with others', async (kind) => {
    const server = servers()[kind]
    const api = await startApi(framework, kind)
    const accepted = await api.send({ path: '/', headers: bearer(await server.obtain()) })
    expect(accepted.status).toBe(200)
    expect(jsonOf(accepted)).toMatchObject({ auth: server.clientId })

    const wrongScope = await api.send({
      path: '/',
      headers: bearer(await server.obtain({ scope: 'orders:write' })),
    })
    expectRefusal(wrongScope, 403)
    expect(wrongScope.headers['www-authenticate']).toContain('error="insufficient_scope"')

    const wrongAudience = await api.send({
      path: '/',
      headers: bearer(await server.obtain({ resource: INVOICES })),
    })
    expectRefusal(wrongAudience, 401)
    expect(wrongAudience.headers['www-authenticate']).toContain('error="invalid_token"')
    expect(api.seen.handled).toHaveLength(1)
  })

  it('responds 401 to a revoked token once the cached result has expired', async () => {
    const { opaque } = servers()
    const api = await startApi(framework, 'opaque')
    const token = await opaque.obtain()
    expect((await api.send({ path: '/', headers: bearer(token) })).status).toBe(200)
    await opaque.revoke(token)
    pass(30)
    expectRefusal(await api.send({ path: '/', headers: bearer(token) }), 401)
  })

  it('responds 503 without a challenge if the server does not accept the credentials of the API', async () => {
    const { opaque } = servers()
    const introspection = { ...opaque.oauth().introspection, clientSecret: 'wrong' }
    const api = await startApi(framework, 'opaque', { introspection })
    const reply = await api.send({ path: '/', headers: bearer(await opaque.obtain()) })
    expectRefusal(reply, 503)
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
    expect(reply.headers['www-authenticate']).toBeUndefined()
    expect(api.seen.handled).toEqual([])
  })
})
