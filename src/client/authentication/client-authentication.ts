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

/** A credential as it was read for one token request. */
export interface Credential {
  /** Makes a proof; each is good for one request. */
  readonly prove: (assertionAudience: string) => Promise<ClientProof>
  readonly equals: (other: Credential) => boolean
}

/** A way for the client to say who it is. */
export interface ClientAuthentication {
  /** Whether the credential may have changed meanwhile, so that reading it again makes sense. */
  readonly mayChange: boolean
  readonly read: () => Promise<Credential>
}

const ASSERTION_SECONDS = 60

/** By its secret: in the header (RFC 6749 section 2.3.1) or in the form. */
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

/** By a JWT signed with its key (RFC 7523 section 2.2): the key itself is never sent. */
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
      // One text, never a list: the assertion must be good at one issuer only.
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
