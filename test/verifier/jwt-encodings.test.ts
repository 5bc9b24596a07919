import { describe, expect, it } from 'vitest'
import { authlete, oauth, type Issuer, type Refusal } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { testBed } from '../support/test-bed.js'

/** Issuers that would introspect a token that is not a JWT. Their responses call every token active. */
const ISSUERS: Readonly<Record<string, (by: TestIssuer) => Issuer>> = {
  'oauth, JWTs verified with keys': (by) => oauth(by.oauth()),
  'oauth, JWTs introspected': (by) => {
    const { clientId, clientSecret } = by.client
    return oauth(by.oauth({ introspection: { clientId, clientSecret, jwts: true }, jwksUri: undefined }))
  },
  'authlete, without issuer': (by) => authlete(by.authlete()),
}

/** Encodings that a lenient decoder reads as the same JWT. */
const ENCODINGS: Readonly<Record<string, (token: string) => string>> = {
  'padding after the signature': (token) => `${token}==`,
  'padding after the header': (token) => token.replace('.', '=.'),
  'spare bits of the signature': (token) => token.slice(0, -1) + nextCharacter(token.at(-1) ?? ''),
  'the alphabet of base64': (token) => `${token.slice(0, -4)}/+/+`,
  'a fourth part': (token) => `${token}.`,
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** RS256 signatures have 256 bytes, so the last character has 4 spare bits. */
function nextCharacter(last: string): string {
  return ALPHABET[ALPHABET.indexOf(last) + 1] ?? ''
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) }
}

describe.each(Object.entries(ISSUERS))('%s', (name, issuer) => {
  const provider = name.startsWith('authlete') ? 'authlete' : 'oauth'
  const endpoint = provider === 'authlete' ? 'authleteIntrospection' : 'introspection'

  async function bed() {
    const created = await testBed({ issuers: (by) => [issuer(by)] })
    const { issuer: by } = created
    const body =
      provider === 'authlete'
        ? { action: 'OK', existent: true, usable: true, clientId: 1, subject: 'billing', scopes: [] }
        : { active: true, sub: 'billing', aud: by.audience }
    by.fail(endpoint, { status: 200, body })
    return created
  }

  it.each(Object.entries(ENCODINGS))(
    'a JWT in a non-canonical encoding is not introspected as an opaque token: %s',
    async (_what, encode) => {
      const { issuer: by, verifier } = await bed()
      const token = by.mintJwt({ provider, claims: { cnf: { jkt: 'x' } } })
      const refusal: unknown = await verifier.verify(encode(token)).catch((error: unknown) => error)
      expect(['token_undecodable', 'token_malformed']).toContain((refusal as Refusal).reason)
      expect(by.calls[endpoint]).toBe(0)
    },
  )

  it('a JWT with a claim that is nested too deeply is not introspected as an opaque token', async () => {
    const { issuer: by, verifier } = await bed()
    const token = by.mintJwt({ provider, claims: { cnf: { jkt: 'x' }, deep: nested(70) } })
    await expect(verifier.verify(token)).rejects.toMatchObject({ reason: 'token_undecodable' })
    expect(by.calls[endpoint]).toBe(0)
  })
})

it('introspects an opaque token of two parts, of which the first is the base64 of a JSON object', async () => {
  const { issuer: by, verifier } = await testBed()
  by.fail('introspection', { status: 200, body: { active: true, sub: 'billing', aud: by.audience } })
  expect(await verifier.verify('eyJpZCI6MX0.c2lnbmF0dXJl')).toMatchObject({
    format: 'opaque',
    subject: 'billing',
  })
  expect(by.calls.introspection).toBe(1)
})

describe('the subject is not compared with clients if the payload of an introspected JWT names another client', () => {
  const introspected = async (claims: Readonly<Record<string, unknown>>) => {
    const created = await testBed({ issuers: (by) => [ISSUERS['oauth, JWTs introspected']!(by)] })
    const { issuer: by, verifier } = created
    by.fail('introspection', { status: 200, body: { active: true, sub: 'billing', aud: by.audience } })
    return verifier.verify(by.mintJwt({ subject: 'billing', claims }), { clients: ['billing'] })
  }

  it.each([{ client_id: 'other' }, { azp: 'other' }, { cid: 'other' }])('%j: refused', async (claims) => {
    await expect(introspected(claims)).rejects.toMatchObject({ reason: 'client_not_allowed' })
  })

  it('accepts the subject if the payload names the same client', async () => {
    expect(await introspected({ client_id: 'billing', azp: undefined })).toMatchObject({ subject: 'billing' })
  })
})
