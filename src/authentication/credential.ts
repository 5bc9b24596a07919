import { KeyObject } from 'node:crypto'
import {
  proveByAssertion,
  proveByBearerToken,
  proveBySecret,
  proveNothing,
  type ClientProof,
  type SecretMethod,
} from '../http/client-authentication.js'
import type { TlsIdentity } from '../http/transport/messages.js'
import type { SigningKey } from '../model/key/private-key.js'
import type { Awaitable } from '../util/awaitable.js'
import { signAssertion } from './assertion.js'

/** A request that needs a proof. */
export interface ProofRequest {
  readonly url: string
  /** The form parameters of the request, without those of the client. */
  readonly form: URLSearchParams
  /** The `aud` of an assertion, unless the options set another one. */
  readonly audience: string
  /** Seconds since the epoch. */
  readonly now: number
}

/** A credential of a client, as it was read for one request or for many. */
export interface Credential {
  /**
   * Creates the proof for one request.
   *
   * @throws SecretError if a custom function fails or returns an invalid value.
   */
  readonly prove: (request: ProofRequest) => Awaitable<ClientProof>
  /** Whether another read returned the same value, so that it is useless to send a rejected request again. */
  readonly equals: (other: Credential) => boolean
  /** Certificate of the connections, which the request for the discovery document presents too. */
  readonly tls?: TlsIdentity
}

/** A credential that is sent as it is. `identity` tells two of them apart. */
class FixedCredential implements Credential {
  readonly #identity: string
  readonly #proof: ClientProof

  constructor(identity: string, proof: ClientProof) {
    this.#identity = identity
    this.#proof = proof
  }

  prove(): ClientProof {
    return this.#proof
  }

  equals(other: Credential): boolean {
    return other instanceof FixedCredential && other.#identity === this.#identity
  }
}

/** Creates the credential of a client with a secret. */
export function secretCredential(method: SecretMethod, clientId: string, secret: string): Credential {
  return new FixedCredential(
    secret,
    proveBySecret({ clientId, clientSecret: secret, authentication: method }),
  )
}

/** Creates the credential of a client with a bearer token or an API key. */
export function bearerCredential(token: string): Credential {
  return new FixedCredential(token, proveByBearerToken(token))
}

/** Creates the credential of a client that sends no secret: it is public, or the connection authenticates it. */
export function namedCredential(clientId: string | undefined): Credential {
  return new FixedCredential('', proveNothing(clientId))
}

/** Creates the credential of a client with an assertion that someone else signed. */
export function assertionCredential(clientId: string, assertion: string): Credential {
  return new FixedCredential(assertion, proveByAssertion(clientId, assertion))
}

/** Settings of a {@link KeyCredential}. */
export interface KeySettings {
  readonly clientId: string
  /** Name of the key in errors. */
  readonly option: string
  /** The option `assertionAudience`. */
  readonly audience: string | undefined
  readonly header: Readonly<Record<string, unknown>>
}

/** The credential of a client with a key, which signs an assertion for each request. */
export class KeyCredential implements Credential {
  readonly #key: SigningKey
  readonly #settings: KeySettings

  constructor(key: SigningKey, settings: KeySettings) {
    this.#key = key
    this.#settings = settings
  }

  async prove(request: ProofRequest): Promise<ClientProof> {
    const { clientId, audience = request.audience, option, header } = this.#settings
    const client = { ...this.#key, clientId, audience, option, header }
    return proveByAssertion(clientId, await signAssertion(client, request.now))
  }

  equals(other: Credential): boolean {
    if (!(other instanceof KeyCredential)) return false
    const [mine, theirs] = [this.#key, other.#key]
    const isSameKey =
      mine.key instanceof KeyObject && theirs.key instanceof KeyObject
        ? mine.key.equals(theirs.key)
        : mine.key === theirs.key
    return isSameKey && mine.keyId === theirs.keyId
  }
}

/** A credential whose request is sent over a connection that presents a certificate (RFC 8705). */
export class CertificateCredential implements Credential {
  readonly tls: TlsIdentity
  readonly #inner: Credential

  constructor(inner: Credential, tls: TlsIdentity) {
    this.#inner = inner
    this.tls = tls
  }

  async prove(request: ProofRequest): Promise<ClientProof> {
    return { ...(await this.#inner.prove(request)), tls: this.tls }
  }

  equals(other: Credential): boolean {
    if (!(other instanceof CertificateCredential) || !this.#inner.equals(other.#inner)) return false
    return this.tls.cert === other.tls.cert && this.tls.key === other.tls.key
  }
}
