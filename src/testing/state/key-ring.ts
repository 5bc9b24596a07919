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

/** How one provider's keys look. */
export interface KeyRingStyle {
  /** Makes the id of a new key. */
  readonly newKid: () => string
  /** Members that the provider publishes beyond the usual. */
  readonly members: Readonly<Record<string, unknown>>
}

/**
 * The keys of one provider: those published, and per algorithm the one that signs. Keys are made when
 * first needed, because making an RSA key takes a noticeable time.
 */
export class KeyRing {
  readonly #style: KeyRingStyle
  readonly #published = new Map<string, SigningKey>()
  /** Withdrawn keys can still sign on request: tests need tokens that were signed with them. */
  readonly #withdrawn = new Map<string, SigningKey>()
  readonly #current = new Map<SigningAlgorithm, SigningKey>()
  #isUsed = false

  constructor(style: KeyRingStyle) {
    this.#style = style
  }

  /** The key to sign with: the one named, or the current one of the algorithm. */
  signingKey(algorithm: SigningAlgorithm | undefined, kid: string | undefined): SigningKey {
    if (kid !== undefined) return this.#named(kid, algorithm)
    const wanted = algorithm ?? DEFAULT_ALGORITHM
    if (!isSigningAlgorithm(wanted)) throw unableToSign(wanted)
    return this.#current.get(wanted) ?? this.publish(wanted, true)
  }

  #named(kid: string, algorithm: SigningAlgorithm | undefined): SigningKey {
    const key = this.#published.get(kid) ?? this.#withdrawn.get(kid)
    if (key === undefined) {
      throw new TypeError(`no key was ever published as ${kid}; to lie about the key use header: { kid }`)
    }
    if (algorithm !== undefined && algorithm !== key.algorithm) {
      throw new TypeError(`the key ${kid} signs with ${key.algorithm}, not ${algorithm}`)
    }
    return key
  }

  /** Publishes a new key, which signs from now on if `use` is set. */
  publish(algorithm: SigningAlgorithm = DEFAULT_ALGORITHM, use = false): SigningKey {
    if (!isSigningAlgorithm(algorithm)) throw unableToSign(algorithm)
    const key = createSigningKey(this.#style.newKid(), algorithm, this.#style.members)
    this.#isUsed = true
    this.#published.set(key.kid, key)
    if (use) this.#current.set(algorithm, key)
    return key
  }

  /** Puts a new key in place of each that signs; the old ones are withdrawn unless they are kept. */
  rotate(keepOld: boolean): void {
    const algorithms = this.#current.size === 0 ? [DEFAULT_ALGORITHM] : [...this.#current.keys()]
    const old = [...this.#published.keys()]
    for (const algorithm of algorithms) this.publish(algorithm, true)
    if (!keepOld) for (const kid of old) this.withdraw(kid)
  }

  /** Takes a key out of the published set; false if it is not in it. */
  withdraw(kid: string): boolean {
    const key = this.#published.get(kid)
    if (key === undefined) return false
    this.#published.delete(kid)
    this.#withdrawn.set(kid, key)
    if (this.#current.get(key.algorithm) === key) this.#current.delete(key.algorithm)
    return true
  }

  /** The published keys; the first one is made now if there never was one. */
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

  /** Whether a published key vouches for a JWT. */
  vouchesFor(token: string, header: Readonly<Record<string, unknown>>): boolean {
    const { kid, alg } = header
    const key = typeof kid === 'string' ? this.#published.get(kid) : undefined
    return key !== undefined && verifiesJwt(key, token, alg)
  }
}

function unableToSign(algorithm: unknown): TypeError {
  return new TypeError(
    `the test issuer cannot sign with ${String(algorithm)}; it can with ${SIGNING_ALGORITHMS.join(', ')}`,
  )
}
