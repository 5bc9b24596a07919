import { describe, expect, it } from 'vitest'
import { outcomeOf } from '../../support/outcomes.js'
import { INVOICES } from './authorization-server.js'
import { KEY_SIGNS, KEY_STAYS, LIFETIME } from './instance.js'
import { pass, runningServers, verifierFor } from './support.js'

const servers = runningServers()

/** The server has no OpenID Connect metadata, so that of RFC 8414 is read. */
const METADATA = (kind: string): readonly string[] => [
  `GET /${kind}/.well-known/openid-configuration`,
  `GET /.well-known/oauth-authorization-server/${kind}`,
]

describe('ready() and health()', () => {
  it('load and report the keys of a server that issues JWTs, so that requests cause no call', async () => {
    const { jwt, requests } = servers()
    const verifier = verifierFor(jwt)
    await verifier.ready()
    expect(requests).toEqual([...METADATA('jwt'), 'GET /jwt/jwks'])
    expect(verifier.health()).toMatchObject({
      status: 'ok',
      issuers: [{ name: jwt.issuer, status: 'ok', keys: { count: 1 } }],
    })
    const token = await jwt.obtain()
    requests.length = 0
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(requests).toEqual([])
  })

  it('load and report the endpoint of a server that issues opaque tokens only, with keys: false', async () => {
    const { opaque, requests } = servers()
    const verifier = verifierFor(opaque, { keys: false })
    await verifier.ready()
    expect(requests).toEqual(METADATA('opaque'))
    const token = await opaque.obtain()
    requests.length = 0
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    expect(requests).toEqual(['POST /opaque/oauth2/introspect'])
    const { status, issuers } = verifier.health()
    expect(status).toBe('ok')
    expect(issuers[0]).toMatchObject({ name: opaque.issuer, remote: { status: 'ok', breaker: 'closed' } })
    expect(issuers[0]).not.toHaveProperty('keys')
  })

  it('name the missing keys of a server that issues opaque tokens only, without keys: false', async () => {
    const { opaque } = servers()
    await expect(verifierFor(opaque).ready()).rejects.toThrow(/no usable jwks_uri/)
  })
})

describe('keys that the server rotates', () => {
  it('are fetched when the first token of a new key arrives, and tokens of the previous key stay accepted', async () => {
    const { jwt, requests } = servers()
    const verifier = verifierFor(jwt, { audience: INVOICES })
    const before = await jwt.obtain({ resource: INVOICES })
    expect(await outcomeOf(verifier.verify(before))).toBe('accepted')
    pass(KEY_SIGNS + 1)
    const after = await jwt.obtain({ resource: INVOICES })
    expect(keyIdOf(after)).not.toBe(keyIdOf(before))
    requests.length = 0
    expect(await outcomeOf(verifier.verify(after))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(before))).toBe('accepted')
    expect(requests.filter((request) => request.endsWith('/jwks'))).toHaveLength(1)
  })

  it('take their tokens with them when the server no longer publishes them', async () => {
    const { jwt } = servers()
    // After the test above, so that the server creates a key of its own for this token.
    pass(2 * KEY_SIGNS + 2)
    const verifier = verifierFor(jwt, { audience: INVOICES })
    const token = await jwt.obtain({ resource: INVOICES })
    expect(await outcomeOf(verifier.verify(token))).toBe('accepted')
    pass(KEY_SIGNS + KEY_STAYS + 1)
    expect(KEY_SIGNS + KEY_STAYS + 1).toBeLessThan(LIFETIME)
    expect(await outcomeOf(verifier.verify(await jwt.obtain({ resource: INVOICES })))).toBe('accepted')
    expect(await outcomeOf(verifier.verify(token))).toBe('key_unknown')
  })
})

function keyIdOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as {
    readonly kid: string
  }
  return header.kid
}
