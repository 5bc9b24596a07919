import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../../support/outcomes.js'
import { startServers } from './authorization-server.js'
import { KEY_SIGNS, KEY_STAYS } from './instance.js'
import { pass, runningServers, verifierFor } from './support.js'

const servers = runningServers()

describe('ready() and health()', () => {
  it.each([
    ['jwt', ['GET /.well-known/oauth-authorization-server/jwt', 'GET /jwt/jwks']],
    ['opaque', ['GET /.well-known/oauth-authorization-server/opaque']],
  ] as const)('%s: load what requests need, and report it', async (kind, documents) => {
    const server = servers()[kind]
    const verifier = verifierFor(server)
    await verifier.ready()
    const { requests } = servers()
    expect(requests.filter((request) => !request.includes('openid-configuration'))).toEqual(documents)
    expect(verifier.health()).toMatchObject({ status: 'ok', issuers: [{ name: server.issuer }] })
    const token = await server.obtain()
    requests.length = 0
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(requests).toEqual(kind === 'jwt' ? [] : ['POST /opaque/oauth2/introspect'])
  })
})
