import {
  proveByAssertion,
  proveBySecret,
  type ClientProof,
  type SecretMethod,
} from '../../http/client-authentication.js'
import type { Clock } from '../../util/clock.js'
import type { SigningKey } from '../../model/private-key.js'
import type { CredentialReader } from '../../options/secret.js'

/** A credential, read for one token request. */
export interface Credential {
  /** Creates the proof for one request. */
  readonly prove: (assertionAudience: string) => Promise<ClientProof>
  readonly equals: (other: Credential) => boolean
}

/** How a client authenticates at the token endpoint. */
export interface ClientAuthentication {
  /** Whether another read may return another credential. */
  readonly mayChange: boolean
  readonly read: () => Promise<Credential>
}

/** Authenticates with the client secret, in the header or in the form (RFC 6749 section 2.3.1). */
export function secretAuthentication(
  method: SecretMethod,
  clientId: string,
  secret: CredentialReader<string>,
): ClientAuthentication {
  return {
    mayChange: secret.isFunction,
    read: async () => {
      const clientSecret = await secret.read()
      return new SecretCredential(method, clientId, clientSecret)
    },
  }
}

class SecretCredential implements Credential {
  readonly #secret: string
  readonly #proof: ClientProof

  constructor(method: SecretMethod, clientId: string, secret: string) {
    this.#secret = secret
    this.#proof = proveBySecret({ clientId, clientSecret: secret, authentication: method })
  }

  prove(): Promise<ClientProof> {
    return Promise.resolve(this.#proof)
  }

  equals(other: Credential): boolean {
    return other instanceof SecretCredential && other.#secret === this.#secret
  }
}

/** Authenticates with a JWT signed by the client's key (RFC 7523 section 2.2). The key itself is never sent. */
export function keyAuthentication(
  clientId: string,
  key: CredentialReader<SigningKey>,
  clock: Clock,
): ClientAuthentication {
  return {
    mayChange: key.isFunction,
    read: async () => new KeyCredential(clientId, await key.read(), clock),
  }
}

class KeyCredential implements Credential {
  readonly #clientId: string
  readonly #key: SigningKey
  readonly #clock: Clock

  constructor(clientId: string, key: SigningKey, clock: Clock) {
    this.#clientId = clientId
    this.#key = key
    this.#clock = clock
  }

  prove(assertionAudience: string): Promise<ClientProof> {
    const client = { clientId: this.#clientId, ...this.#key, audience: assertionAudience }
    return proveByAssertion(client, this.#clock.now())
  }

  equals(other: Credential): boolean {
    if (!(other instanceof KeyCredential)) return false
    const [mine, theirs] = [this.#key, other.#key]
    return mine.key.equals(theirs.key) && mine.keyId === theirs.keyId
  }
}
