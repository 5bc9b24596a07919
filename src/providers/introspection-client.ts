import {
  proveByAssertion,
  proveByBearerToken,
  proveBySecret,
  proveNothing,
  type ClientProof,
} from '../http/client-authentication.js'
import { introspectionRequest } from '../introspection/rfc7662.js'
import type { RemoteProfile } from '../model/issuer.js'
import { readPrivateKey, type SigningKey } from '../model/private-key.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { nonEmptyString } from '../options/readers.js'
import { credentialReader, secretReader } from '../options/secret.js'
import { requestWith, type RequestMembers } from './request-with.js'
import type { IntrospectionSettings } from './introspection-options.js'

/** Options that apply to some methods of client authentication only, each with these methods. */
const METHODS_OF = {
  clientId: ['basic', 'post', 'private_key_jwt', 'none'],
  clientSecret: ['basic', 'post'],
  bearerToken: ['bearer'],
  privateKey: ['private_key_jwt'],
  keyId: ['private_key_jwt'],
  algorithm: ['private_key_jwt'],
  assertionAudience: ['private_key_jwt'],
} as const satisfies Partial<Record<keyof IntrospectionSettings, readonly string[]>>

/**
 * Creates the requests to an introspection endpoint, with the credentials of this service.
 *
 * @param where - the `introspection` option in errors.
 * @throws ConfigurationError for a missing credential, and for one that the method of authentication does not use.
 */
export function introspectionClient(
  where: string,
  issuer: string,
  settings: IntrospectionSettings,
): Pick<RemoteProfile, RequestMembers> {
  checkOptions(where, settings)
  const { authentication } = settings
  switch (authentication) {
    case 'basic':
    case 'post': {
      const clientId = nonEmptyString.read(`${where}.clientId`, settings.clientId)
      const secret = secretReader(`${where}.clientSecret`, settings.clientSecret)
      return requestWith(secret, (token, clientSecret) =>
        introspectionRequest(proveBySecret({ clientId, clientSecret, authentication }), token),
      )
    }
    case 'bearer': {
      const secret = secretReader(`${where}.bearerToken`, settings.bearerToken, bearerProblem)
      return requestWith(secret, (token, value) => introspectionRequest(proveByBearerToken(value), token))
    }
    case 'private_key_jwt':
      return assertingClient(where, issuer, settings)
    case 'none': {
      const proof = proveNothing(settings.clientId)
      return { request: (token) => introspectionRequest(proof, token) }
    }
  }
}

function assertingClient(
  where: string,
  issuer: string,
  settings: IntrospectionSettings,
): Pick<RemoteProfile, RequestMembers> {
  const { keyId, algorithm, assertionAudience: audience = issuer } = settings
  const clientId = nonEmptyString.read(`${where}.clientId`, settings.clientId)
  const prove = (key: SigningKey, now: number): Promise<ClientProof> =>
    proveByAssertion({ ...key, clientId, audience }, now)
  const reader = credentialReader(
    `${where}.privateKey`,
    settings.privateKey,
    signingKeyReader(where, { keyId, algorithm }),
  )
  return requestWith(reader, async (token, key, now) => introspectionRequest(await prove(key, now), token))
}

/** Reads a key. The same key has the same result, so that a key that was not rotated is recognized. */
function signingKeyReader(
  where: string,
  requested: Parameters<typeof readPrivateKey>[2],
): (value: unknown) => SigningKey {
  let latest: SigningKey | undefined
  return (value) => {
    const key = readPrivateKey(where, value, requested)
    const isSame = latest?.keyId === key.keyId && latest?.key.equals(key.key)
    return (latest = isSame && latest !== undefined ? latest : key)
  }
}

/** The syntax of a bearer token (RFC 6750 section 2.1). */
function bearerProblem(token: string): string | undefined {
  return /^[\w.~+/-]+=*$/.test(token)
    ? undefined
    : 'must be a bearer token: letters, digits and -._~+/= only, without the word Bearer'
}

const REQUIRED = {
  basic: ['clientId', 'clientSecret'],
  post: ['clientId', 'clientSecret'],
  bearer: ['bearerToken'],
  private_key_jwt: ['clientId', 'privateKey'],
  none: [],
} as const satisfies Record<IntrospectionSettings['authentication'], readonly (keyof IntrospectionSettings)[]>

/** Refuses missing options, and options without effect, which are probably a mistake. */
function checkOptions(where: string, settings: IntrospectionSettings): void {
  const { authentication } = settings
  const missing = REQUIRED[authentication].find((name) => settings[name] === undefined)
  if (missing !== undefined) {
    throw new ConfigurationError(
      `${where}.${missing}`,
      `is required with authentication: '${authentication}'`,
    )
  }
  for (const [name, methods] of Object.entries(METHODS_OF)) {
    const isRelevant = (methods as readonly string[]).includes(authentication)
    if (isRelevant || settings[name as keyof IntrospectionSettings] === undefined) continue
    throw new ConfigurationError(
      `${where}.${name}`,
      `has no effect with authentication: '${authentication}'. Leave it out, or set authentication to ` +
        methods.map((method) => `'${method}'`).join(' or '),
    )
  }
}
