import { readPrivateKey } from '../model/key/private-key.js'
import { ConfigurationError } from '../options/configuration-error.js'
import { nonEmptyString } from '../options/readers.js'
import { isRecord } from '../util/members.js'
import { credentialReader, secretReader, type CredentialReader } from '../options/secret.js'
import { readCertificate } from './certificate.js'
import {
  assertionCredential,
  bearerCredential,
  CertificateCredential,
  KeyCredential,
  namedCredential,
  secretCredential,
  type Credential,
} from './credential.js'
import { customCredential } from './custom.js'
import { checkOptions, selectMethod, type Method } from './methods.js'
import type { AuthenticationSettings } from './options.js'

/** How a client authenticates its requests to an issuer. */
export interface Authenticator extends CredentialReader<Credential> {
  /** Whether the credential is read for every request, because its function may return another one each time. */
  readonly isReadPerRequest: boolean
  /** Names of the options whose functions or promises are read, for errors. */
  readonly functionNames: readonly string[]
  /** Whether the connections present a certificate, so that the alias endpoints of RFC 8705 section 5 apply. */
  readonly usesCertificate: boolean
}

/** Context of the options. */
export interface AuthenticatorContext {
  /** Name of the options object in errors. */
  readonly where: string
  /** The method if the options select none. */
  readonly fallback: Method
  /** Whether a custom `fetch` makes the connections. */
  readonly hasFetch: boolean
}

/**
 * Creates the authenticator that the options describe.
 *
 * @throws ConfigurationError that names the option that is missing, invalid or without effect. It quotes no credential.
 */
export function createAuthenticator(
  settings: AuthenticationSettings,
  { where, fallback, hasFetch }: AuthenticatorContext,
): Authenticator {
  const method = selectMethod(settings, fallback)
  checkOptions(where, method, settings, hasFetch)
  const reader = withCertificate(where, settings, credentialFor(where, method, settings))
  return {
    ...reader,
    isReadPerRequest:
      typeof settings.clientAssertion === 'function' || typeof settings.clientCertificate === 'function',
    functionNames: READ_OPTIONS.filter((name) => isReadLater(settings[name])).map(
      (name) => `${where}.${name}`,
    ),
    usesCertificate:
      settings.clientCertificate !== undefined ||
      method === 'tls_client_auth' ||
      method === 'self_signed_tls_client_auth',
  }
}

const READ_OPTIONS = [
  'clientSecret',
  'bearerToken',
  'privateKey',
  'clientAssertion',
  'clientCertificate',
  'authentication',
] as const

/** Whether an option is a function, a promise or a signer. */
function isReadLater(value: unknown): boolean {
  return (
    typeof value === 'function' ||
    value instanceof Promise ||
    (isRecord(value) && typeof value['sign'] === 'function')
  )
}

function credentialFor(
  where: string,
  method: Method,
  settings: AuthenticationSettings,
): CredentialReader<Credential> {
  const { authentication, clientId } = settings
  const readId = (): string => nonEmptyString.read(`${where}.clientId`, clientId)
  switch (method) {
    case 'basic':
    case 'post': {
      const id = readId()
      const secret = secretReader(`${where}.clientSecret`, settings.clientSecret)
      return mapCredential(secret, (value) => secretCredential(method, id, value))
    }
    case 'bearer': {
      const name = settings.bearerToken === undefined ? 'clientSecret' : 'bearerToken'
      const token = secretReader(`${where}.${name}`, settings[name], bearerProblem)
      return mapCredential(token, bearerCredential)
    }
    case 'private_key_jwt':
      return settings.clientAssertion === undefined
        ? signingReader(where, readId(), settings)
        : assertionReader(where, readId(), settings.clientAssertion)
    case 'tls_client_auth':
    case 'self_signed_tls_client_auth':
      return fixed(namedCredential(readId()))
    case 'none':
      return fixed(namedCredential(clientId))
    case 'function':
      if (typeof authentication !== 'function')
        throw new ConfigurationError(`${where}.authentication`, 'is required')
      return fixed(customCredential(`${where}.authentication`, authentication, clientId))
  }
}

function signingReader(
  where: string,
  clientId: string,
  settings: AuthenticationSettings,
): CredentialReader<Credential> {
  const { algorithm, keyId, assertionAudience, assertionHeader = {} } = settings
  const option = `${where}.privateKey`
  const keys = credentialReader(option, settings.privateKey, (value) =>
    readPrivateKey(where, value, { algorithm, keyId }),
  )
  const key = { clientId, option, audience: assertionAudience, header: assertionHeader }
  return mapCredential(keys, (value) => new KeyCredential(value, key))
}

function assertionReader(where: string, clientId: string, assertion: unknown): CredentialReader<Credential> {
  const reader = secretReader(`${where}.clientAssertion`, assertion, (value) =>
    /^[\w-]+\.[\w-]+\.[\w-]*$/.test(value)
      ? undefined
      : 'must be a JWT: three parts of base64url with dots between them',
  )
  return mapCredential(reader, (value) => assertionCredential(clientId, value))
}

/** Adds the certificate of the connection to a credential. */
function withCertificate(
  where: string,
  { clientCertificate }: AuthenticationSettings,
  inner: CredentialReader<Credential>,
): CredentialReader<Credential> {
  if (clientCertificate === undefined) return inner
  const option = `${where}.clientCertificate`
  const certificates = credentialReader(option, clientCertificate, (value) => readCertificate(option, value))
  const credential = inner.fixed?.value
  const tls = certificates.fixed?.value
  if (credential !== undefined && tls !== undefined) return fixed(new CertificateCredential(credential, tls))
  return readOnceEach({
    isFunction: inner.isFunction || certificates.isFunction,
    read: async () => new CertificateCredential(await inner.read(), await certificates.read()),
  })
}

function fixed(value: Credential): CredentialReader<Credential> {
  return { fixed: { value }, isFunction: false, read: () => Promise.resolve(value) }
}

function mapCredential<T>(
  reader: CredentialReader<T>,
  create: (value: T) => Credential,
): CredentialReader<Credential> {
  if (reader.fixed !== undefined) return fixed(create(reader.fixed.value))
  return readOnceEach({ isFunction: reader.isFunction, read: async () => create(await reader.read()) })
}

/** Returns the same credential while its value stays the same, so that callers recognize one that was not rotated. */
function readOnceEach(reader: CredentialReader<Credential>): CredentialReader<Credential> {
  let latest: Credential | undefined
  return {
    ...reader,
    read: async () => {
      const credential = await reader.read()
      return latest?.equals(credential) === true ? latest : (latest = credential)
    },
  }
}

/** The syntax of a bearer token (RFC 6750 section 2.1). */
function bearerProblem(token: string): string | undefined {
  return /^[\w.~+/-]+=*$/.test(token)
    ? undefined
    : 'must be a bearer token: letters, digits and -._~+/= only, without the word Bearer'
}
