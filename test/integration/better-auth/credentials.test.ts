import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Verifier } from '../../../src/index.js'
import { answerTo } from '../../support/outcomes.js'
import { KINDS } from './instance.js'
import { pass, runningServers, verifierFor } from './support.js'

const servers = runningServers()

const ACCEPTED = { status: 200 }
const REFUSED_US = { status: 503, reason: 'issuer_refused_us', challenge: undefined }

// JWTs are introspected as well, so that both kinds of token need the credentials of the API.
describe.each(KINDS)('%s: the credentials of the API at the introspection endpoint', (kind) => {
  const jwts = kind === 'jwt'

  it('are its secret, which the server accepts in the registered place only', async () => {
    const server = servers()[kind]
    const secret = server.oauth().introspection
    const token = await server.obtain()
    const sentBy = (authentication: 'basic' | 'post'): Verifier =>
      verifierFor(server, { introspection: { ...secret, authentication, jwts } })
    expect(await answerTo(sentBy('basic'), token)).toMatchObject(ACCEPTED)
    expect(await answerTo(sentBy('post'), token)).toMatchObject(REFUSED_US)
  })

  it('are its key (private_key_jwt)', async () => {
    const server = servers()[kind]
    const verifier = verifierFor(server, { introspection: { ...server.introspectionByKey, jwts } })
    for (const _ of [1, 2]) {
      expect(await answerTo(verifier, await server.obtain())).toMatchObject(ACCEPTED)
    }
  })

  it('make tokens undecidable, not refused, if the server does not accept them', async () => {
    const server = servers()[kind]
    const { clientId } = server.oauth().introspection
    const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const token = await server.obtain()
    for (const introspection of [
      { clientId, clientSecret: 'wrong', jwts },
      { clientId: 'unknown', clientSecret: 'wrong', jwts },
      { ...server.introspectionByKey, privateKey: foreignKey, jwts },
      { ...server.introspectionByKey, assertionAudience: 'https://elsewhere.test', jwts },
    ]) {
      const verifier = verifierFor(server, { introspection })
      const answer = await answerTo(verifier, token)
      expect(answer).toMatchObject(REFUSED_US)
      expect(answer.retryAfter).toBeGreaterThan(0)
      expect(verifier.health()).toMatchObject({ status: 'down', issuers: [{ remote: { status: 'down' } }] })
    }
  })

  it('are read again, once, if the server does not accept them, so that a rotated secret loses no request', async () => {
    const server = servers()[kind]
    const { clientId, clientSecret } = server.oauth().introspection
    const secrets = ['before the rotation', clientSecret]
    const read: string[] = []
    const introspection = {
      clientId,
      clientSecret: () => {
        read.push(secrets[read.length]!)
        return read.at(-1)!
      },
      jwts,
    }
    const verifier = verifierFor(server, { introspection })
    expect(await answerTo(verifier, await server.obtain())).toMatchObject(ACCEPTED)
    pass(30)
    expect(await answerTo(verifier, await server.obtain())).toMatchObject(ACCEPTED)
    expect(read).toEqual(secrets)
  })
})
