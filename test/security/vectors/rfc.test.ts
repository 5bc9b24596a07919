import { compactVerify, importJWK } from 'jose'
import { describe, expect, it } from 'vitest'
import { decodeJwt } from '../../../src/jwt/decode.js'
import { ASYMMETRIC_ALGORITHMS } from '../../../src/keys/jwk.js'
import { StaticKeySet } from '../../../src/keys/static-key-set.js'
import { readUsableKeys } from '../../../src/keys/jwks.js'
import { verifyWithNode } from '../../../src/jwt/signature.js'
import { verifyJwt } from '../../../src/jwt/verify.js'
import { Refusal, type JwtProfile } from '../../../src/index.js'
import { SHARED_KEY, SIGNED, UNSECURED } from './published.js'

/** Any claims will do: these examples are not access tokens, and most are not even claims. */
const SIGNATURE_ONLY: JwtProfile = {
  issuers: null,
  checked: 'local',
  keys: null,
  algorithms: ASYMMETRIC_ALGORITHMS,
  validateHeader: () => undefined,
  readClaims: (claims) => ({ subject: 'anybody', scopes: [], audience: [], claims }),
}

/** `'verified'` or the reason, by the layer that checks header, key and signature. */
async function verdict(token: string, ...jwks: readonly unknown[]): Promise<string> {
  const header = headerOf(token)
  if (header === undefined) return 'token_undecodable'
  const keys = new StaticKeySet(readUsableKeys(jwks))
  const result = await verifyJwt(token, { header, claims: {} }, SIGNATURE_ONLY, keys, verifyWithNode)
  return result instanceof Refusal ? result.reason : 'verified'
}

function headerOf(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const bytes = Buffer.from(token.split('.', 1)[0]!, 'base64url')
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const header = JSON.parse(text) as unknown
    return typeof header === 'object' && header !== null ? (header as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

describe.each(SIGNED)('$source ($algorithm)', ({ algorithm, jwk, token }) => {
  const parts = token.split('.')

  it('verifies with its key, here and with jose', async () => {
    expect(await verdict(token, jwk)).toBe('verified')
    const { protectedHeader } = await compactVerify(token, await importJWK(jwk, algorithm))
    expect(protectedHeader.alg).toBe(algorithm)
  })

  it('verifies among all the other keys, and with none of them alone', async () => {
    const others = SIGNED.map((vector) => vector.jwk).filter((other) => other !== jwk)
    const named = (key: object, kid: string): object => ({ ...key, kid })
    for (const [index, other] of others.entries()) {
      expect(await verdict(token, named(other, `k${index}`))).not.toBe('verified')
    }
    const { kid } = headerOf(token) as { kid?: string }
    const ours = kid === undefined ? jwk : named(jwk, kid)
    const fitting = others.map((other, index) => named(other, `k${index}`))
    const isAlone =
      kid !== undefined || readUsableKeys(fitting).every((key) => !key.algorithms.includes(algorithm))
    expect(await verdict(token, ...fitting, ours)).toBe(isAlone ? 'verified' : 'key_unknown')
  })

  it.each(['header', 'payload', 'signature'])(
    'refuses it after any one byte of the %s was changed',
    async (name) => {
      const index = ['header', 'payload', 'signature'].indexOf(name)
      const bytes = Buffer.from(parts[index]!, 'base64url')
      for (let at = 0; at < bytes.length; at += 1) {
        const changed = Buffer.from(bytes)
        changed[at] = changed[at]! ^ (1 << (at % 8))
        const forged = parts.with(index, changed.toString('base64url')).join('.')
        expect(await verdict(forged, jwk), `${name}, byte ${at}`).not.toBe('verified')
      }
    },
  )

  it('refuses it with a part cut, lengthened or left out', async () => {
    for (const index of [1, 2]) {
      const bytes = Buffer.from(parts[index]!, 'base64url')
      for (const other of [
        bytes.subarray(1),
        bytes.subarray(0, -1),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.alloc(0),
      ]) {
        const forged = parts.with(index, other.toString('base64url')).join('.')
        expect(await verdict(forged, jwk)).toBe('signature_invalid')
      }
    }
  })

  it('refuses it under every other algorithm', async () => {
    for (const alg of [...ASYMMETRIC_ALGORITHMS, 'HS256', 'none']) {
      if (alg === algorithm) continue
      const header = Buffer.from(JSON.stringify({ ...headerOf(token), alg })).toString('base64url')
      expect(await verdict(parts.with(0, header).join('.'), jwk), alg).not.toBe('verified')
    }
  })
})

describe('values that are not a signature', () => {
  it(`${SHARED_KEY.source}: a shared key verifies nothing, though the example is right`, async () => {
    await compactVerify(SHARED_KEY.token, await importJWK(SHARED_KEY.jwk, 'HS256'))
    expect(decodeJwt(SHARED_KEY.token)?.claims).toMatchObject({ iss: 'joe' })
    expect(await verdict(SHARED_KEY.token, SHARED_KEY.jwk)).toBe('algorithm_not_allowed')
    expect(readUsableKeys([SHARED_KEY.jwk])).toEqual([])
  })

  it('RFC 7515 appendix A.5: an unsecured object is refused, whichever keys there are', async () => {
    expect(decodeJwt(UNSECURED)?.header).toEqual({ alg: 'none' })
    expect(await verdict(UNSECURED, ...SIGNED.map(({ jwk }) => jwk))).toBe('algorithm_not_allowed')
  })
})
