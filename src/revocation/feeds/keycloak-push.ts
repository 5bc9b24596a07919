import { requireKnownIssuers } from '../../model/issuer/known-issuers.js'
import { clock } from '../../options/clock.js'
import { readOptions } from '../../options/read-options.js'
import { optional, type Result, type TableOf } from '../../options/reader.js'
import { func, nonEmptyString } from '../../options/readers.js'
import { insecureHosts, issuerUrl } from '../../options/url.js'
import { isNonEmptyString, number, ownMember } from '../../util/members.js'
import { Deliveries } from './deliveries.js'
import {
  decodeText,
  invalid,
  readBody,
  requireMethod,
  respondEmpty,
  respondErrors,
  type FeedHandler,
} from './exchange.js'
import { MessageVerifier, readMessage } from './message-verifier.js'
import { messageError, revoker, revokeReceived, type Revoker } from './receiver-options.js'

/** Options of {@link keycloakPush}. */
export interface KeycloakPushOptions {
  /**
   * Issuer of the realm, such as `'https://keycloak.example.com/realms/machines'`. Its keys sign the message. The verifier must have
   * this issuer.
   */
  readonly issuer: string
  /** Client id of this service in Keycloak, whose "Admin URL" leads here. Messages for other clients are refused. */
  readonly resource: string
  /** Verifier with the option `revocations`, or the revocations of a process without a verifier. */
  readonly verifier: Revoker
  /**
   * Hosts at which the keys of the realm are fetched over plain http.
   *
   * @defaultValue none
   */
  readonly insecureHosts?: readonly string[]
  /**
   * Custom `fetch` for the keys of the realm, such as for a proxy.
   *
   * @defaultValue the connections of this package
   */
  readonly fetch?: typeof fetch
  /**
   * Clock for tests: returns the time in milliseconds since the epoch.
   *
   * @defaultValue the clocks of the system
   */
  readonly clock?: () => number
}

/** Readers of {@link KeycloakPushOptions}. */
export const KEYCLOAK_PUSH_OPTIONS = {
  insecureHosts,
  issuer: issuerUrl,
  resource: nonEmptyString,
  verifier: revoker,
  fetch: optional(func<typeof fetch>()),
  clock,
} satisfies TableOf<KeycloakPushOptions>

type Settings = Result<typeof KEYCLOAK_PUSH_OPTIONS>

/** The `action` of the message that is accepted. */
const ACTION = 'PUSH_NOT_BEFORE'

/**
 * Creates a receiver of the not-before that Keycloak pushes to `{Admin URL}/k_push_not_before`. It refuses all tokens of the realm
 * that were issued before. It needs no guard: the realm signs the message.
 *
 * Checked are the signature, `action`, `resource` and `expiration`. An earlier not-before has no effect after a later one, because
 * revocations only add up. A not-before of 0, with which Keycloak clears it, has no effect either.
 *
 * @returns a handler from `Request` to `Response`. `revocationFeed()` of an adapter serves it in Express, Koa or Fastify.
 * @throws ConfigurationError that names the option that is missing, invalid or unknown, also if `issuer` is not an issuer of the
 *   verifier.
 *
 * @example
 * ```ts
 * const receiveNotBefore = keycloakPush({ issuer, resource: 'orders', verifier })
 * ```
 */
export function keycloakPush(options: KeycloakPushOptions): FeedHandler {
  const settings = readOptions('keycloakPush', options, KEYCLOAK_PUSH_OPTIONS)
  requireKnownIssuers('keycloakPush.issuer', settings.verifier, [settings.issuer])
  const jwksUri = `${settings.issuer.replace(/\/$/, '')}/protocol/openid-connect/certs`
  const verifier = new MessageVerifier({ ...settings, jwksUri })
  const deliveries = new Deliveries()
  const toError = messageError(
    'keycloakPush.issuer',
    'notBefore must be a number of seconds that is not in the future',
  )
  return respondErrors('error', 'error_description', async function receiveNotBefore(request) {
    requireMethod(request, ['POST'])
    const { id, notBefore } = await readPush(request, settings, verifier)
    if (notBefore > 0)
      await deliveries.once(id, () =>
        revokeReceived(
          settings.verifier,
          [{ issuer: settings.issuer, before: notBefore, reason: 'not-before pushed by Keycloak' }],
          toError,
        ),
      )
    return respondEmpty(204)
  })
}

async function readPush(
  request: Request,
  { resource, clock }: Settings,
  verifier: MessageVerifier,
): Promise<{ readonly id: string; readonly notBefore: number }> {
  const message = decodeText(await readBody(request)).trim()
  const decoded = readMessage(message)
  const { claims } = decoded
  if (ownMember(claims, 'action') !== ACTION) throw invalid(`action must be ${ACTION}`)
  if (ownMember(claims, 'resource') !== resource) throw invalid('resource is not this client')
  if (!(await verifier.isSigned(message, decoded)))
    throw invalid('the message is not signed with a published key of the realm')
  const [id, expiration, notBefore] = [
    ownMember(claims, 'id'),
    number(claims, 'expiration'),
    number(claims, 'notBefore'),
  ]
  if (!isNonEmptyString(id)) throw invalid('id must be a non-empty string')
  if (expiration === undefined || expiration <= clock.now()) throw invalid('expiration must be in the future')
  if (notBefore === undefined) throw invalid('notBefore must be a number of seconds')
  return { id, notBefore }
}
