import {
  createSigningKey,
  isSigningAlgorithm,
  SIGNING_ALGORITHMS,
  verifiesJwt,
  type PublishedKey,
  type SigningAlgorithm,
  type SigningKey,
} from './signing-keys.js'

const DEFAULT_ALGORITHM: SigningAlgorithm = 'RS256'

/** Format of one provider's keys. */
export interface KeyRingStyle {
  /** Creates the id of a new key. */
  readonly newKid: () => string
  /** Additional members of a published key. */
  readonly members: Readonly<Record<string, unknown>>
}

/**
 * The keys of one provider: the published ones, and the signing key per algorithm. Keys are created when first
 * needed, because creating an RSA key is slow.
 */
export class KeyRing {
  readonly #style: KeyRingStyle
  readonly #published = new Map<string, SigningKey>()
  /** Withdrawn keys. They still sign on request, because tests need tokens of withdrawn keys. */
  readonly #withdrawn = new Map<string, SigningKey>()
  readonly #current = new Map<SigningAlgorithm, SigningKey>()
  #isUsed = false

  constructor(style: KeyRingStyle) {
    this.#style = style
  }

  /** Returns the named key, or the current key of the algorithm. */
  signingKey(algorithm: SigningAlgorithm | undefined, kid: string | undefined): SigningKey {
    if (kid !== undefined) return this.#named(kid, algorithm)
    const wanted = algorithm ?? DEFAULT_ALGORITHM
    if (!isSigningAlgorithm(wanted)) throw unableToSign(wanted)
    return this.#current.get(wanted) ?? this.publish(wanted, true)
  }

  #named(kid: string, algorithm: SigningAlgorithm | undefined): SigningKey {
    const key = this.#published.get(kid) ?? this.#withdrawn.get(kid)
    if (key === undefined) {
      throw new TypeError(
        `no key with the id ${kid} was ever published. To set a wrong kid, use header: { kid }`,
      )
    }
    if (algorithm !== undefined && algorithm !== key.algorithm) {
      throw new TypeError(`the key ${kid} signs with ${key.algorithm}, not ${algorithm}`)
    }
    return key
  }

  /** Publishes a new key. With `use` it becomes the signing key. */
  publish(algorithm: SigningAlgorithm = DEFAULT_ALGORITHM, use = false): SigningKey {
    if (!isSigningAlgorithm(algorithm)) throw unableToSign(algorithm)
    const key = createSigningKey(this.#style.newKid(), algorithm, this.#style.members)
    this.#isUsed = true
    this.#published.set(key.kid, key)
    if (use) this.#current.set(algorithm, key)
    return key
  }

  /** Replaces every signing key. The old keys are withdrawn unless `keepOld` is set. */
  rotate(keepOld: boolean): void {
    // The first key is created when it is needed.
    if (!this.#isUsed) return
    const algorithms = this.#current.size === 0 ? [DEFAULT_ALGORITHM] : [...this.#current.keys()]
    const old = [...this.#published.keys()]
    for (const algorithm of algorithms) this.publish(algorithm, true)
    if (!keepOld) for (const kid of old) this.withdraw(kid)
  }

  /** Withdraws a published key. Returns `false` if it is not published. */
  withdraw(kid: string): boolean {
    const key = this.#published.get(kid)
    if (key === undefined) return false
    this.#published.delete(kid)
    this.#withdrawn.set(kid, key)
    if (this.#current.get(key.algorithm) === key) this.#current.delete(key.algorithm)
    return true
  }

  /** Returns the published keys. The first one is created if there never was one. */
  published(): readonly SigningKey[] {
    if (!this.#isUsed) this.publish(DEFAULT_ALGORITHM, true)
    return [...this.#published.values()]
  }

  /** A published key. */
  find(kid: string): SigningKey | undefined {
    return this.#published.get(kid)
  }

  /** The published JWK Set. */
  jwks(): { readonly keys: readonly PublishedKey[] } {
    return { keys: this.published().map((key) => key.jwk) }
  }

  /** Whether a published key verifies a JWT. */
  isVerifiedBy(token: string, header: Readonly<Record<string, unknown>>): boolean {
    const { kid, alg } = header
    const key = typeof kid === 'string' ? this.#published.get(kid) : undefined
    return key !== undefined && verifiesJwt(key, token, alg)
  }
}

function unableToSign(algorithm: unknown): TypeError {
  return new TypeError(
    `the test issuer cannot sign with ${String(algorithm)}; use one of ${SIGNING_ALGORITHMS.join(', ')}`,
  )
}
