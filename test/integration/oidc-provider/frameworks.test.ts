import { describe, expect, it } from 'vitest'
import { frameworks, guarded, type Reply, type RunningApp } from '../../adapters/frameworks.js'
import { bearer, expectRefusal, jsonOf, run } from '../../adapters/support.js'
import { KINDS, LIFETIME, type Kind } from './authorization-server.js'
import { authorizationServer, pass, verifierFor } from './support.js'

const server = authorizationServer()

interface GuardedApp extends RunningApp {
  /** The response of the API to a token. */
  readonly answerTo: (token: string, path?: string) => Promise<Reply>
}

const READ = '/orders'
const CONFIRMED = '/confirmed'
const ASKED = '/asked'

/** An API that reads orders, with a route for young or confirmed tokens, and one that always introspects. */
async function startApi(framework: (typeof frameworks)[number], kind: Kind): Promise<GuardedApp> {
  const app = await run(framework, {
    verifier: verifierFor(server(), kind),
    routes: [
      { path: READ, steps: [guarded({ scopes: 'orders:read' })] },
      { path: CONFIRMED, steps: [guarded({ confirmAfter: 60 })] },
      { path: ASKED, steps: [guarded({ confirmAfter: 0 })] },
    ],
  })
  return { ...app, answerTo: (token, path = READ) => app.send({ path, headers: bearer(token) }) }
}

function expectInvalidToken(reply: Reply): void {
  expectRefusal(reply, 401)
  expect(reply.headers['www-authenticate']).toContain('error="invalid_token"')
}

describe.each(frameworks)('$name in front of a real authorization server', (framework) => {
  describe.each(KINDS)('%s', (kind) => {
    it('accepts a valid token and its client id', async () => {
      const api = await startApi(framework, kind)
      const reply = await api.answerTo(await server().obtain({ kind }))
      expect(reply.status).toBe(200)
      expect(jsonOf(reply)).toMatchObject({ auth: server().clientId, isOneFrozenObject: true })
    })

    it('refuses a wrong scope, a wrong audience and an expired token', async () => {
      const api = await startApi(framework, kind)
      const wrongScope = await api.answerTo(await server().obtain({ kind, scope: 'orders:write' }))
      expectRefusal(wrongScope, 403)
      expect(wrongScope.headers['www-authenticate']).toContain('error="insufficient_scope"')
      expect(wrongScope.headers['www-authenticate']).toContain('scope="orders:read"')

      expectInvalidToken(await api.answerTo(await server().obtain({ kind, name: 'invoices' })))

      const token = await server().obtain({ kind })
      expect((await api.answerTo(token)).status).toBe(200)
      pass(LIFETIME + 5)
      expectInvalidToken(await api.answerTo(token))
      expect(api.seen.handled).toEqual([READ])
    })
  })

  it('refuses an opaque token that was revoked', async () => {
    const api = await startApi(framework, 'opaque')
    const token = await server().obtain({ kind: 'opaque' })
    expect((await api.answerTo(token, ASKED)).status).toBe(200)
    await server().revoke(token)
    expectInvalidToken(await api.answerTo(token, ASKED))
    pass(30)
    expectInvalidToken(await api.answerTo(token))
  })

  it('refuses a JWT that would need confirmation, and says that this is why', async () => {
    const api = await startApi(framework, 'RS256')
    const token = await server().obtain({ kind: 'RS256' })
    expect((await api.answerTo(token, CONFIRMED)).status).toBe(200)
    pass(60)
    const reply = await api.answerTo(token, CONFIRMED)
    expectInvalidToken(reply)
    expect(reply.headers['www-authenticate']).toContain('too old to be accepted without confirmation')
    expect((await api.answerTo(token)).status).toBe(200)
  })
})
