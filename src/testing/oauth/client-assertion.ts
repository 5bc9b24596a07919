import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { algorithmsOfKey } from '../../model/key/algorithms.js'
import { isSigningAlgorithm, verifiesJwt, type SigningAlgorithm } from '../state/signing-keys.js'

/** A public key of a client. */
export interface ClientKey {
  readonly kid: string | undefined
  readonly publicKey: KeyObject
  readonly algorithms: readonly SigningAlgorithm[]
}

/** Requirements of a client assertion. */
export interface AssertionCheck {
  readonly keysOf: (clientId: string) => readonly ClientKey[] | undefined
  /** Accepted audiences: the issuer and the endpoint. */
  readonly audiences: readonly string[]
  /** Seconds since the epoch. */
  readonly now: number
}

/** The `client_assertion_type` of RFC 7523 section 2.2. */
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** Maximum remaining lifetime of an assertion in seconds. */
const LONGEST_SECONDS = 300

/** Reads the public keys that a client is registered with. */
export function clientKeys(options: {
  readonly publicKey?: string
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
}): { readonly keys?: readonly ClientKey[] } {
  const { publicKey, jwks } = options
  if (publicKey === undefined && jwks === undefined) return {}
  const registered = publicKey === undefined ? [] : [clientKey(createPublicKey(publicKey), {})]
  const published = (jwks?.keys ?? []).map((jwk) =>
    clientKey(createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }), jwk),
  )
  return { keys: [...registered, ...published] }
}

function clientKey(publicKey: KeyObject, { kid, alg }: Readonly<Record<string, unknown>>): ClientKey {
  const fitting = algorithmsOfKey(publicKey)
  return {
    kid: typeof kid === 'string' ? kid : undefined,
    publicKey,
    algorithms: isSigningAlgorithm(alg) ? fitting.filter((algorithm) => algorithm === alg) : fitting,
  }
}

/** Verifies client assertions and refuses reuse (RFC 7523 section 3). */
export class AssertionVerifier {
  /** Expiry of each used assertion. */
  readonly #used = new Map<string, number>()

  /** Verifies an assertion. Returns the client id or the problem. */
  judge(
    assertion: string,
    check: AssertionCheck,
  ): { readonly clientId: string } | { readonly problem: string } {
    const jwt = decodeJwt(assertion)
    if (jwt === undefined) return { problem: 'the assertion is not a JWT' }
    const { header, claims } = jwt
    const { iss, sub, exp, jti } = claims
    if (typeof sub !== 'string' || iss !== sub) return { problem: 'iss and sub are not both the client id' }
    const keys = check.keysOf(sub)
    if (keys === undefined) return { problem: 'unknown client, or one without keys' }
    if (!keys.some((key) => isSignedBy(key, assertion, header)))
      return { problem: 'the assertion is not signed with a key of the client' }
    const audience = [claims['aud']].flat()
    if (audience.length !== 1 || !check.audiences.some((known) => known === audience[0]))
      return { problem: 'the assertion is not for this issuer alone' }
    if (typeof exp !== 'number' || exp <= check.now) return { problem: 'the assertion has expired' }
    if (exp > check.now + LONGEST_SECONDS) return { problem: 'the lifetime of the assertion is too long' }
    if (typeof jti !== 'string' || jti === '') return { problem: 'the assertion has no jti' }
    if (!this.#isFirstUse(`${sub} ${jti}`, exp, check.now))
      return { problem: 'the assertion was used before' }
    return { clientId: sub }
  }

  #isFirstUse(key: string, until: number, now: number): boolean {
    for (const [used, end] of this.#used) if (end <= now) this.#used.delete(used)
    if (this.#used.has(key)) return false
    this.#used.set(key, until)
    return true
  }
}

/** Whether a JWT is signed with a key. */
export function isSignedBy(
  key: ClientKey,
  assertion: string,
  { alg, kid }: Readonly<Record<string, unknown>>,
): boolean {
  if (kid !== undefined && key.kid !== undefined && kid !== key.kid) return false
  const algorithm = key.algorithms.find((name) => name === alg)
  return algorithm !== undefined && verifiesJwt({ algorithm, publicKey: key.publicKey }, assertion, alg)
}

/** Decodes a JWT without verifying it. */
export function decodeJwt(token: string): { readonly header: Members; readonly claims: Members } | undefined {
  const parts = token.split('.')
  const [header, claims] = parts.map(decodeObject)
  return header === undefined || claims === undefined || parts.length !== 3 ? undefined : { header, claims }
}

type Members = Readonly<Record<string, unknown>>

function decodeObject(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
