import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { ConfigurationError } from '../../options/configuration-error.js'
import { clock } from '../../options/clock.js'
import { duration, type Duration } from '../../options/duration.js'
import { readOptions } from '../../options/read-options.js'
import { custom, restricting, type Reader, type Result, type TableOf } from '../../options/reader.js'
import { func } from '../../options/readers.js'
import { hasDuplicateMembers } from '../../util/duplicate-members.js'
import { parseJson } from '../../util/json.js'
import { mapItems } from '../../util/members.js'
import { Deliveries } from './deliveries.js'
import {
  decodeText,
  DUPLICATE_MEMBERS,
  invalid,
  readBody,
  requireMethod,
  respondEmpty,
  respondErrors,
  type FeedHandler,
} from './exchange.js'
import {
  faultOf,
  revoker,
  revokeReceived,
  withCutoff,
  type ReceivedTarget,
  type Revoker,
} from './receiver-options.js'

/** A verified webhook message. */
export interface WebhookMessage {
  /** Id of the message, the same for each attempt to deliver it. */
  readonly id: string
  /** Time of this attempt, in seconds since the epoch. */
  readonly timestamp: number
  /** The body, parsed. */
  readonly payload: unknown
}

/** Options of {@link webhookReceiver}. */
export interface WebhookReceiverOptions {
  /** Signing secret, `whsec_…`, or several while it is rotated. */
  readonly secret: string | readonly string[]
  /**
   * Returns what a message revokes; `[]` or `undefined` for nothing. A cutoff without `before` refuses tokens that were issued before
   * the time of the message. If it throws, the error is passed to the server. For an invalid target, such as one of an unknown
   * issuer, the sender gets 500, and a process warning names it.
   */
  readonly targets: (message: WebhookMessage) => readonly ReceivedTarget[] | undefined
  /** Verifier with the option `revocations`, or the revocations of a process without a verifier. */
  readonly verifier: Revoker
  /**
   * Maximum difference between the time of a message and the clock of this process, up to `'1h'`.
   *
   * @defaultValue `'5m'`
   */
  readonly tolerance?: Duration
  /**
   * Clock for tests: returns the time in milliseconds since the epoch.
   *
   * @defaultValue the clocks of the system
   */
  readonly clock?: () => number
}

/** Minimum bytes of a secret (Standard Webhooks, "Signature scheme"). */
const MIN_SECRET_BYTES = 24

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Reads signing secrets. Their values never appear in errors. */
const secrets: Reader<readonly KeyObject[]> = custom('string or list', (option, value) => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw new ConfigurationError(option, 'must not be an empty list')
  return mapItems(list, (secret) => {
    const base64 = typeof secret === 'string' ? secret.replace(/^whsec_/, '') : ''
    const key = Buffer.from(base64, 'base64')
    if (BASE64.test(base64) && key.length >= MIN_SECRET_BYTES) return createSecretKey(key)
    throw new ConfigurationError(
      option,
      `must be a signing secret such as whsec_…, with at least ${MIN_SECRET_BYTES} bytes in base64, or a list of them`,
    )
  })
})

/** Readers of {@link WebhookReceiverOptions}. */
export const WEBHOOK_RECEIVER_OPTIONS = {
  secret: secrets,
  targets: func<WebhookReceiverOptions['targets']>(),
  verifier: revoker,
  tolerance: restricting(duration({ max: '1h', default: '5m' })),
  clock,
} satisfies TableOf<WebhookReceiverOptions>

type Settings = Result<typeof WEBHOOK_RECEIVER_OPTIONS>

/**
 * Creates a receiver of webhooks that are signed as Standard Webhooks or by Svix, such as those of Clerk and Stytch. It verifies a
 * message, and revokes what `targets` returns for it. It needs no guard: the secret authenticates the request.
 *
 * The response is 204 once the revocations are stored. A repeated id is acknowledged and not processed again.
 *
 * @returns a handler from `Request` to `Response`. `revocationFeed()` of an adapter serves it in Express, Koa or Fastify.
 * @throws ConfigurationError that names the option that is missing, invalid or unknown.
 *
 * @example
 * ```ts
 * const receiveWebhooks = webhookReceiver({
 *   secret,
 *   verifier,
 *   targets: ({ payload }) => {
 *     const { action, id } = payload as { action: string; id: string }
 *     return action === 'DELETE' ? [{ issuer, clientId: id, reason: 'deleted at the vendor' }] : []
 *   },
 * })
 * ```
 */
export function webhookReceiver(options: WebhookReceiverOptions): FeedHandler {
  const settings = readOptions('webhookReceiver', options, WEBHOOK_RECEIVER_OPTIONS)
  const deliveries = new Deliveries()
  const toError = faultOf('webhookReceiver.targets')
  return respondErrors('error', 'error_description', async function receiveWebhook(request) {
    requireMethod(request, ['POST'])
    const message = await readMessage(request, settings)
    await deliveries.once(message.id, () => {
      const targets = settings.targets(message) ?? []
      return revokeReceived(
        settings.verifier,
        targets.map((target) => withCutoff(target, () => cutoffOf(message, settings))),
        toError,
      )
    })
    return respondEmpty(204)
  })
}

async function readMessage(
  request: Request,
  { secret, tolerance, clock }: Settings,
): Promise<WebhookMessage> {
  const [id, sent, signatures] = ['id', 'timestamp', 'signature'].map((name) => headerOf(request, name))
  if (!id || !sent || !signatures)
    throw invalid('the headers webhook-id, webhook-timestamp and webhook-signature are required')
  const timestamp = /^\d{1,12}$/.test(sent) ? Number(sent) : Number.NaN
  if (!(Math.abs(clock.now() - timestamp) <= tolerance))
    throw invalid('webhook-timestamp is too old or in the future')
  const body = await readBody(request)
  const content = Buffer.concat([Buffer.from(`${id}.${sent}.`), body])
  if (!isSigned(content, signatures, secret)) throw invalid('webhook-signature does not match')
  const text = decodeText(body)
  const payload = parseJson(text)
  if (payload === undefined) throw invalid('the body must be JSON')
  if (hasDuplicateMembers(text)) throw invalid(DUPLICATE_MEMBERS)
  return Object.freeze({ id, timestamp, payload })
}

function headerOf({ headers }: Request, name: string): string | null {
  return headers.get(`webhook-${name}`) ?? headers.get(`svix-${name}`)
}

/** Whether one of the signatures is of one of the secrets. Every pair is compared, in constant time. */
function isSigned(content: Buffer, signatures: string, secrets: readonly KeyObject[]): boolean {
  const given = signatures
    .split(' ', MAX_SIGNATURES)
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice(3), 'base64'))
  let isValid = false
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(content).digest()
    for (const signature of given)
      if (signature.length === expected.length && timingSafeEqual(signature, expected)) isValid = true
  }
  return isValid
}

/** Maximum number of signatures that are compared. */
const MAX_SIGNATURES = 20

/** The end of the second of a message; `undefined` if that is not over. */
function cutoffOf({ timestamp }: WebhookMessage, { clock }: Settings): number | undefined {
  const before = Math.floor(timestamp) + 1
  return before <= clock.now() ? before : undefined
}
