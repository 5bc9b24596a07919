import { describe, expect, it } from 'vitest'
import { createVerifier, oauth, type OAuthOptions } from '../../src/index.js'
import type { ProviderName, TestIssuer } from '../../src/testing/index.js'
import { outcomeOf } from '../support/outcomes.js'
import { START } from '../support/clock.js'
import { send } from '../support/servers/http.js'
import { decode } from '../support/tokens/jwt.js'
import { startIssuer } from '../support/test-bed.js'

type Extra = { readonly [K in keyof OAuthOptions]?: OAuthOptions[K] | undefined }

/** What a verifier that has seen nothing yet makes of a token. */
function judge(issuer: TestIssuer, token: string, extra: Extra = {}): Promise<string> {
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth(extra))], clock: () => START })
  return outcomeOf(verifier.verify(token))
}

const kidOf = (token: string): unknown => decode(token).header['kid']

describe('rotateKeys', () => {
  it('signs with a new key and removes the old one', async () => {
    const issuer = await startIssuer()
    const old = issuer.mintJwt()
    const kid = issuer.rotateKeys()
    expect(issuer.keys).toEqual([kid])
    expect(kidOf(old)).not.toBe(kid)
    expect(kidOf(issuer.mintJwt())).toBe(kid)
    expect(await judge(issuer, old)).toBe('key_unknown')
    expect(await judge(issuer, issuer.mintJwt())).toBe('accepted')
  })

  it('keeps the old one published with the option', async () => {
    const issuer = await startIssuer()
    const old = issuer.mintJwt()
    const kid = issuer.rotateKeys({ keepOld: true })
    expect(issuer.keys).toEqual([kidOf(old), kid])
    expect(await judge(issuer, old)).toBe('accepted')
  })

  it('replaces the key of every algorithm in use, for every provider', async () => {
    const issuer = await startIssuer()
    const providers: readonly ProviderName[] = ['oauth', 'clerk', 'stytch', 'authlete']
    const kids = (): readonly unknown[] => [
      kidOf(issuer.mintJwt({ algorithm: 'ES256' })),
      ...providers.map((provider) => kidOf(issuer.mintJwt({ provider }))),
    ]
    const before = kids()
    issuer.rotateKeys()
    const after = kids()
    expect(new Set([...before, ...after]).size).toBe(10)
  })
})

describe('addKey', () => {
  it('publishes a key that does not sign yet', async () => {
    const issuer = await startIssuer()
    const first = kidOf(issuer.mintJwt())
    const kid = issuer.addKey()
    expect(issuer.keys).toEqual([first, kid])
    expect(kidOf(issuer.mintJwt())).toBe(first)
    expect(await judge(issuer, issuer.mintJwt({ kid }))).toBe('accepted')
  })

  it('signs with it immediately with the option', async () => {
    const issuer = await startIssuer()
    const kid = issuer.addKey({ algorithm: 'ES256', use: true })
    expect(kidOf(issuer.mintJwt({ algorithm: 'ES256' }))).toBe(kid)
    expect(issuer.jwks().keys).toMatchObject([{ kid, alg: 'ES256', use: 'sig', kty: 'EC' }])
  })

  it("adds to one provider's keys only", async () => {
    const issuer = await startIssuer()
    const kid = issuer.addKey({ provider: 'stytch', algorithm: 'ES256' })
    expect(kid).toMatch(/^jwk-test-/)
    expect(issuer.jwks('stytch').keys).toMatchObject([{ kid }])
    expect(issuer.keys).not.toContain(kid)
  })
})

describe('removeKey', () => {
  it('removes a key, and returns whether it existed', async () => {
    const issuer = await startIssuer()
    const token = issuer.mintJwt()
    const kid = String(kidOf(token))
    expect(issuer.removeKey(kid)).toBe(true)
    expect(issuer.keys).toEqual([])
    expect(await judge(issuer, token)).toBe('key_unknown')
    expect(issuer.removeKey(kid)).toBe(false)
    expect(issuer.removeKey('never')).toBe(false)
  })

  it('keeps it able to sign, for tokens of a withdrawn key', async () => {
    const issuer = await startIssuer()
    const kid = issuer.addKey({ algorithm: 'ES256' })
    issuer.removeKey(kid)
    const token = issuer.mintJwt({ kid })
    expect(kidOf(token)).toBe(kid)
    expect(await judge(issuer, token)).toBe('key_unknown')
  })

  it('makes introspection report tokens of that key as inactive', async () => {
    const issuer = await startIssuer()
    const token = issuer.mintJwt()
    const { clientId, clientSecret } = issuer.client
    const isActive = async (): Promise<unknown> => {
      const question = { basic: [clientId, clientSecret], form: { token } } as const
      return (await send(`${issuer.url}/introspect`, question)).json['active']
    }
    expect(await isActive()).toBe(true)
    issuer.removeKey(String(kidOf(token)))
    expect(await isActive()).toBe(false)
  })
})

describe('signing with a named key', () => {
  it('is rejected for an unknown key, and for an algorithm that the key does not have', async () => {
    const issuer = await startIssuer()
    const kid = issuer.addKey({ algorithm: 'ES256' })
    expect(() => issuer.mintJwt({ kid: 'never' })).toThrow(/no key with the id never was ever published/)
    expect(() => issuer.mintJwt({ kid, algorithm: 'RS256' })).toThrow(/signs with ES256, not RS256/)
  })
})

describe('published keys', () => {
  it('contain no private part, and match those at the JWKS endpoint', async () => {
    const issuer = await startIssuer()
    for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) issuer.mintJwt({ algorithm })
    const { keys } = issuer.jwks()
    expect(keys).toHaveLength(3)
    expect(keys.flatMap((key) => ['d', 'p', 'q', 'dp', 'dq', 'qi'].filter((part) => part in key))).toEqual([])
    expect((await send(`${issuer.url}/jwks`)).json).toEqual({ keys })
  })

  it('work as jwks and as publicKey, without the network', async () => {
    const issuer = await startIssuer()
    const token = issuer.mintJwt()
    expect(await judge(issuer, token, { jwks: issuer.jwks() })).toBe('accepted')
    expect(await judge(issuer, token, { publicKey: issuer.publicKeyPem() })).toBe('accepted')
    expect(issuer.calls.total).toBe(0)
  })

  it('are found in PEM form by kid, for every provider', async () => {
    const issuer = await startIssuer()
    const kid = issuer.addKey({ provider: 'clerk' })
    expect(issuer.publicKeyPem(kid)).toMatch(/^-----BEGIN PUBLIC KEY-----/)
    expect(issuer.publicKeyPem(kid)).not.toBe(issuer.publicKeyPem())
    expect(() => issuer.publicKeyPem('never')).toThrow(/no key with the id never is published/)
  })
})
