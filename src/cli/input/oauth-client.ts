import { readFile } from 'node:fs/promises'
import { createAuthenticator } from '../../authentication/authenticator.js'
import { METHODS, type ClientAuthenticationMethod } from '../../authentication/contract.js'
import { CLIENT_AUTHENTICATION_OPTIONS } from '../../authentication/options.js'
import type { ClientAuthenticationCombination } from '../../client/index.js'
import { readOptions } from '../../options/read-options.js'
import { parseJson } from '../../util/json.js'
import { isRecord } from '../../util/members.js'
import { omitUndefined } from '../command.js'
import { UsageError } from '../exit-code.js'
import type { Environment } from '../terminal.js'
import { valueOf, type Needs, type VariableName } from './environment.js'
import { choice, orVariable } from './option.js'

/** The variables of an OAuth 2 client, by what authenticates it. */
export const OAUTH_CLIENT: Needs = [
  ['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_SECRET'],
  ['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_KEY_FILE'],
  ['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_ASSERTION_FILE'],
  ['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_TLS_CERT_FILE', 'OAUTH_TLS_KEY_FILE'],
  ['OAUTH_ISSUER', 'OAUTH_CLIENT_ID', 'OAUTH_CLIENT_AUTHENTICATION'],
]

/** Optional variables of an OAuth 2 client. */
export const OAUTH_CLIENT_USES: readonly VariableName[] = [
  'OAUTH_CLIENT_KEY_ID',
  'OAUTH_CLIENT_KEY_ALGORITHM',
  'OAUTH_CLIENT_ASSERTION_AUDIENCE',
  'OAUTH_CLIENT_ASSERTION_HEADER',
  'OAUTH_TLS_CA_FILE',
]

/** The option that selects the method. */
export const authentication = orVariable(
  'OAUTH_CLIENT_AUTHENTICATION',
  choice(METHODS, 'how the client authenticates; default by the variables that are set'),
)

/**
 * Reads how the client authenticates, as the library does: the variables are its options, and files have the keys.
 *
 * @throws UsageError and ConfigurationError for a file that cannot be used, and for variables that are incomplete or contradict
 * each other. Neither quotes a file or its path, because the variable may contain the key itself by mistake.
 */
export async function readOAuthClient(
  env: Environment,
  method: ClientAuthenticationMethod | undefined,
): Promise<ClientAuthenticationCombination> {
  const assertionPath = valueOf(env, 'OAUTH_CLIENT_ASSERTION_FILE')
  const assertion = await readText(env, 'OAUTH_CLIENT_ASSERTION_FILE')
  const client = omitUndefined({
    clientId: valueOf(env, 'OAUTH_CLIENT_ID'),
    clientSecret: valueOf(env, 'OAUTH_CLIENT_SECRET'),
    authentication: method ?? methodOf(env),
    privateKey: await readKey(env),
    keyId: valueOf(env, 'OAUTH_CLIENT_KEY_ID'),
    algorithm: valueOf(env, 'OAUTH_CLIENT_KEY_ALGORITHM'),
    assertionAudience: valueOf(env, 'OAUTH_CLIENT_ASSERTION_AUDIENCE'),
    assertionHeader: readHeader(env),
    clientAssertion: assertion?.trim(),
    clientCertificate: await readCertificate(env),
  })
  // Checked with what the file of the assertion contains now, so that a mistake is found before anything is sent.
  createAuthenticator(readOptions('client', client, CLIENT_AUTHENTICATION_OPTIONS), {
    where: 'client',
    fallback: 'basic',
    hasFetch: false,
  })
  const anew = assertionPath === undefined ? {} : { clientAssertion: readAnew(assertionPath, assertion) }
  return { ...client, ...anew } as ClientAuthenticationCombination
}

/** The method that the variables select. The library selects `basic` and the method of an assertion itself. */
function methodOf(env: Environment): ClientAuthenticationMethod | undefined {
  const isSet = (name: VariableName): boolean => valueOf(env, name) !== undefined
  if (isSet('OAUTH_CLIENT_SECRET') || isSet('OAUTH_CLIENT_ASSERTION_FILE')) return undefined
  if (isSet('OAUTH_CLIENT_KEY_FILE')) return 'private_key_jwt'
  return isSet('OAUTH_TLS_CERT_FILE') ? 'tls_client_auth' : undefined
}

/** Reads a file again for each request after the first, because a platform replaces its tokens. A pipe can be read only once. */
function readAnew(path: string, first: string | undefined): () => Promise<string> {
  let unused = first
  return async () => {
    const text = unused ?? (await readFile(path, 'utf8'))
    unused = undefined
    return text.trim()
  }
}

async function readKey(env: Environment): Promise<string | Readonly<Record<string, unknown>> | undefined> {
  const text = await readText(env, 'OAUTH_CLIENT_KEY_FILE')
  if (text?.trimStart().startsWith('{') !== true) return text
  const jwk = parseJson(text)
  if (!isRecord(jwk))
    throw problem('OAUTH_CLIENT_KEY_FILE', 'the file is not valid JSON. Write a JWK, or PEM')
  if (jwk['keys'] !== undefined)
    throw problem('OAUTH_CLIENT_KEY_FILE', 'the file contains a JWK set. Write one key of it to a file')
  return jwk
}

async function readCertificate(
  env: Environment,
): Promise<{ readonly cert: string; readonly key: string; readonly ca?: string } | undefined> {
  const cert = await readText(env, 'OAUTH_TLS_CERT_FILE')
  const key = await readText(env, 'OAUTH_TLS_KEY_FILE')
  const ca = await readText(env, 'OAUTH_TLS_CA_FILE')
  if (cert !== undefined && key !== undefined) return { cert, key, ...omitUndefined({ ca }) }
  if (cert !== undefined)
    throw problem('OAUTH_TLS_KEY_FILE', 'is required with OAUTH_TLS_CERT_FILE. Set it to the file of its key')
  if (key !== undefined)
    throw problem(
      'OAUTH_TLS_CERT_FILE',
      'is required with OAUTH_TLS_KEY_FILE. Set it to the file of its certificate',
    )
  if (ca !== undefined)
    throw problem(
      'OAUTH_TLS_CA_FILE',
      'requires OAUTH_TLS_CERT_FILE and OAUTH_TLS_KEY_FILE. Without mutual TLS, set NODE_EXTRA_CA_CERTS',
    )
  return undefined
}

function readHeader(env: Environment): Readonly<Record<string, unknown>> | undefined {
  const text = valueOf(env, 'OAUTH_CLIENT_ASSERTION_HEADER')
  if (text === undefined) return undefined
  const header = parseJson(text)
  if (isRecord(header)) return header
  throw problem('OAUTH_CLIENT_ASSERTION_HEADER', 'must be a JSON object, such as {"x5t":"..."}')
}

/** What a key or a token begins with, and a path does not. */
const CONTENT = /-----BEGIN|^\s*\{|^\s*eyJ/

async function readText(env: Environment, name: VariableName): Promise<string | undefined> {
  const path = valueOf(env, name)
  if (path === undefined) return undefined
  if (CONTENT.test(path)) throw problem(name, 'must be the path of a file, and not its content')
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code = 'unknown error' } = error as { readonly code?: string }
    throw problem(name, `the file cannot be read (${code}). Set it to the path of a file`)
  }
  if (text.trim() === '') throw problem(name, 'the file is empty')
  return text
}

function problem(name: VariableName, text: string): UsageError {
  return new UsageError(`${name}: ${text}`)
}
