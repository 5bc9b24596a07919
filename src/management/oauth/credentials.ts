import type { Authenticator } from '../../authentication/authenticator.js'
import type { Credential } from '../../authentication/credential.js'
import { createClock } from '../../options/clock.js'
import { SecretError } from '../../options/secret.js'
import { within } from '../../util/abort.js'
import { Deadline } from '../../http/deadline.js'
import type { VendorCall } from '../api/call.js'
import { ManagementError } from '../api/management-error.js'
import type { VendorResponse } from '../api/response.js'
import type { VendorApi } from '../api/vendor-api.js'
import type { EndpointFinder, EndpointName, Operation } from './endpoints.js'

/** The client of an issuer, and what sends its calls. */
interface Sender {
  readonly api: VendorApi
  readonly authenticator: Authenticator
  readonly endpoints: EndpointFinder
  readonly issuer: string | undefined
}

/** A call without its endpoint and without credentials. */
interface UnauthenticatedCall extends Operation, Pick<VendorCall, 'isRead' | 'ignoresBody'> {
  readonly form: Readonly<Record<string, string>>
}

/**
 * Sends a call with the credentials of the client. Reading them and discovery count toward the deadline of the operation.
 *
 * @throws ManagementError for an unusable response, and if a custom function fails, takes too long or returns an invalid
 * value.
 */
export async function sendAuthenticated(
  { api, authenticator, endpoints, issuer }: Sender,
  name: EndpointName,
  call: UnauthenticatedCall,
): Promise<VendorResponse> {
  const limit = new Deadline(api.deadlineSeconds)
  const limited = <T>(work: () => T | Promise<T>): Promise<T> => withinDeadline(api, limit, call, work)
  const credential = await limited<Credential>(authenticator.read)
  const { path: url } = await endpoints.find(name, { ...call, tls: credential.tls })
  const form = new URLSearchParams(call.form)
  const now = createClock().now()
  const proof = await limited(() => credential.prove({ url, form, audience: issuer ?? url, now }))
  return api.call({
    ...call,
    deadlineSeconds: limit.remaining(),
    path: url,
    method: 'POST',
    headers: proof.headers,
    form: { ...call.form, ...proof.form },
    tls: proof.tls,
    // A server must see an assertion only once (RFC 7523 section 3).
    isRepeatable: call.isRead && proof.form['client_assertion'] === undefined,
    secrets: [call.form['token'] ?? '', ...proof.secrets],
  })
}

/** Runs a custom function within the deadline of the operation. */
async function withinDeadline<T>(
  api: VendorApi,
  limit: Deadline,
  { operation, signal }: Operation,
  work: () => T | Promise<T>,
): Promise<T> {
  const late = (): Error =>
    new SecretError(`the authentication of the client did not complete within ${api.deadlineSeconds} s`)
  try {
    return await within({ seconds: limit.remaining(), signal, late }, async () => work())
  } catch (error) {
    if (!(error instanceof SecretError)) throw error
    const reason = 'credentials_unavailable'
    const { problem, advice } = error
    throw new ManagementError({ vendor: 'oauth', operation, reason, problem, advice })
  }
}
