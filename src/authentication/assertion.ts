import { KeyObject, randomUUID } from 'node:crypto'
import type { SigningKey } from '../model/key/private-key.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { isPlain, isRecord } from '../util/members.js'
import { loadJose } from '../util/load-jose.js'
import { signByFunction } from './signer.js'

/** A client that signs its assertions. */
export interface AssertingClient extends SigningKey {
  readonly clientId: string
  /** Name of the key in errors. */
  readonly option: string
  /** The `aud` of the assertion: a single string, so that no other server accepts the assertion. */
  readonly audience: string
  /** Members of the header besides `alg`, `typ` and `kid`. */
  readonly header: Readonly<Record<string, unknown>>
}

const ASSERTION_SECONDS = 60

/**
 * Signs the assertion of a client: `private_key_jwt` (RFC 7523 section 2.2). The key itself is never sent. An assertion is
 * for one request only, because a server accepts its `jti` once.
 *
 * @param now - seconds since the epoch.
 */
export async function signAssertion(client: AssertingClient, now: number): Promise<string> {
  const { clientId, key, algorithm, keyId, audience, option } = client
  const issuedAt = Math.floor(now)
  const header = {
    alg: algorithm,
    typ: 'JWT',
    ...(keyId === undefined ? {} : { kid: keyId }),
    ...client.header,
  }
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_SECONDS,
    jti: randomUUID(),
  }
  if (!(key instanceof KeyObject)) return signByFunction(option, key, header, claims)
  const { SignJWT } = await loadJose()
  return new SignJWT(claims).setProtectedHeader(header).sign(key)
}

/** Members of the header that other options set, or that change how the assertion is read. */
const RESERVED: Readonly<Record<string, string>> = {
  alg: 'is set by the option algorithm',
  kid: 'is set by the option keyId',
  crit: 'is not supported',
  b64: 'is not supported',
}

/** Reads the `assertionHeader` option: members such as `x5t`, in JSON values. */
export function readAssertionHeader(option: string, value: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(value) || !isPlain(value))
    throw new ConfigurationError(option, 'must be an object of header members')
  for (const [name, member] of Object.entries(value)) {
    const problem = Object.hasOwn(RESERVED, name) ? RESERVED[name] : undefined
    if (problem !== undefined) throw new ConfigurationError(`${option}.${name}`, problem)
    if (member === undefined || typeof member === 'function')
      throw new ConfigurationError(`${option}.${name}`, 'must be a JSON value. Leave it out if there is none')
  }
  try {
    return Object.freeze(JSON.parse(JSON.stringify(value)) as Record<string, unknown>)
  } catch {
    throw new ConfigurationError(option, 'must contain JSON values only')
  }
}
