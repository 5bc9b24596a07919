import type { ClientProof } from '../http/client-authentication.js'
import { ExchangeError } from '../http/exchange-error.js'
import { checkRequestHeaders } from '../http/request-headers.js'
import { SecretError } from '../options/secret.js'
import { isPlain, isRecord } from '../util/members.js'
import { errorNameAndCode } from '../util/quote.js'
import type { AuthenticationRequest, ClientAuthentication } from './contract.js'
import type { Credential, ProofRequest } from './credential.js'

/** Parameters of the client that are not secret, and that errors of the issuer may therefore quote. */
const PUBLIC_PARAMETERS = new Set(['client_id', 'client_assertion_type'])

/** Creates the credential of a client that authenticates with a custom function. */
export function customCredential(
  option: string,
  authenticate: ClientAuthentication,
  clientId: string | undefined,
): Credential {
  const credential: Credential = {
    prove: (request) => proveByFunction(option, authenticate, clientId, request),
    equals: (other) => other === credential,
  }
  return credential
}

async function proveByFunction(
  option: string,
  authenticate: ClientAuthentication,
  clientId: string | undefined,
  { url, form, audience }: ProofRequest,
): Promise<ClientProof> {
  const request: AuthenticationRequest = Object.freeze({
    url,
    method: 'POST',
    form: new URLSearchParams(form),
    clientId,
    audience,
  })
  let result: unknown
  try {
    result = await authenticate(request)
  } catch (error) {
    // The message is not quoted, because a secret store may quote the secret.
    throw functionError(`${option}: the function failed with ${errorNameAndCode(error)}`)
  }
  return readResult(option, result, form)
}

/** Checks what a custom function returned. Messages quote names of headers and parameters only. */
function readResult(option: string, result: unknown, form: URLSearchParams): ClientProof {
  if (!isRecord(result) || !isPlain(result) || !Object.keys(result).every(isKnown)) {
    throw functionError(`${option}: the function must return { headers, form }, both objects of strings`)
  }
  const headers = readHeaders(option, result['headers'] ?? {})
  const fields = readForm(option, result['form'] ?? {}, form)
  const secrets = [
    ...Object.values(headers).flatMap((value) => [value, value.replace(/^\S+ +/, '')]),
    ...Object.entries(fields).flatMap(([name, value]) => (PUBLIC_PARAMETERS.has(name) ? [] : [value])),
  ]
  return { headers, form: fields, secrets: secrets.filter((secret) => secret !== '') }
}

/** The error names the function, because a secret store may have no part in it. */
function functionError(message: string): SecretError {
  return new SecretError(message, 'Check the function')
}

function isKnown(name: string): boolean {
  return name === 'headers' || name === 'form'
}

function readHeaders(option: string, headers: unknown): Readonly<Record<string, string>> {
  try {
    return checkRequestHeaders(`${option}: headers`, headers)
  } catch (error) {
    throw error instanceof ExchangeError ? functionError(error.message) : error
  }
}

function readForm(option: string, form: unknown, sent: URLSearchParams): Readonly<Record<string, string>> {
  if (!isRecord(form) || !isPlain(form)) throw functionError(`${option}: form must be an object of strings`)
  const entries = Object.entries(form).map(([name, value]): [string, string] => {
    if (typeof value !== 'string') throw functionError(`${option}: form.${name} must be a string`)
    // A parameter must not occur twice (RFC 6749 section 3.2).
    if (sent.has(name)) throw functionError(`${option}: form.${name} is already a parameter of the request`)
    return [name, value]
  })
  return Object.fromEntries(entries)
}
