import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import {
  proveByAssertion,
  proveBySecret,
  type ClientProof,
  type SecretMethod,
} from '../../http/client-authentication.js'
import type { Clock } from '../../util/clock.js'
import type { SigningKey } from './private-key.js'
import type { CredentialReader } from './credential.js'

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

const ASSERTION_SECONDS = 60

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

  async prove(assertionAudience: string): Promise<ClientProof> {
    const { key, algorithm, keyId } = this.#key
    const now = Math.floor(this.#clock.now())
    const assertion = await new SignJWT()
      .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
      .setIssuer(this.#clientId)
      .setSubject(this.#clientId)
      // A single string, so that no other server accepts the assertion.
      .setAudience(assertionAudience)
      .setIssuedAt(now)
      .setExpirationTime(now + ASSERTION_SECONDS)
      .setJti(randomUUID())
      .sign(key)
    return proveByAssertion(this.#clientId, assertion)
  }

  equals(other: Credential): boolean {
    if (!(other instanceof KeyCredential)) return false
    const [mine, theirs] = [this.#key, other.#key]
    return mine.key.equals(theirs.key) && mine.keyId === theirs.keyId
  }
}
