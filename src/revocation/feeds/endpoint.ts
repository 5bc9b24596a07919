import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { isMergeable, mergeReceipts } from '../receipt.js'
import type { RevocationResult, Revocations } from '../revocations.js'
import { readFormToken, readJsonTargets, toFeedError, type EndpointTarget } from './endpoint-body.js'
import {
  contentType,
  decodeText,
  FeedError,
  invalid,
  notStored,
  readBody,
  requireMethod,
  respondErrors,
  respondJson,
  type FeedHandler,
} from './exchange.js'

/** The parts of a verifier that the endpoint uses. */
export interface RevokingVerifier {
  revoke(target: EndpointTarget): Promise<RevocationResult>
  readonly revocations?: Revocations | undefined
}

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Maximum and default number of entries in one list. */
const LIST = { max: 10_000, default: 1000 }

/**
 * Creates the endpoint behind a guard: `POST` revokes, `GET` lists.
 *
 * @throws ConfigurationError for a verifier without revocations.
 */
export function createRevocationEndpoint(verifier: RevokingVerifier): FeedHandler {
  const revocations = isRecord(verifier) ? verifier.revocations : undefined
  if (revocations === undefined)
    throw new ConfigurationError(
      'revocationEndpoint: verifier',
      'must have revocations. Pass memoryRevocations() or redisRevocations() to createVerifier',
    )
  return respondErrors('error', 'error_description', async function handleRevocations(request) {
    requireMethod(request, ['GET', 'HEAD', 'POST'])
    return request.method === 'POST' ? revoke(verifier, request) : list(revocations, request)
  })
}

async function revoke(verifier: RevokingVerifier, request: Request): Promise<Response> {
  switch (contentType(request)) {
    case JSON_TYPE:
      return revokeTargets(verifier, readJsonTargets(decodeText(await readBody(request))))
    case FORM_TYPE:
      return revokeToken(verifier, readFormToken(decodeText(await readBody(request))))
    default: {
      const types = `${JSON_TYPE}, ${FORM_TYPE}`
      const message = `Content-Type must be one of ${types}`
      throw new FeedError(415, 'invalid_request', message, { 'Accept-Post': types })
    }
  }
}

async function revokeTargets(
  verifier: RevokingVerifier,
  targets: readonly EndpointTarget[],
): Promise<Response> {
  const [receipts, durables]: [string[], number[]] = [[], []]
  for (const [index, target] of targets.entries()) {
    const place = targets.length === 1 ? '' : `[${index}]`
    const { receipt, durable } = await verifier.revoke(target).catch((error: unknown) => {
      throw failureOf(error, place)
    })
    receipts.push(receipt)
    durables.push(durable)
    if (!isMergeable(receipts)) throw tooLong(index)
  }
  return respondJson(200, { receipt: mergeReceipts(receipts), durable: Math.min(...durables) })
}

/** Creates the error for a list whose receipt would be too long. */
function tooLong(index: number): FeedError {
  const message = `[${index}]: the receipt of the list would be too long. The targets up to this one are revoked. Send shorter lists`
  return new FeedError(413, 'invalid_request', message)
}

/** Revokes a token as RFC 7009 section 2.2 requires: an unknown token is a success, because it needs no revocation. */
async function revokeToken(verifier: RevokingVerifier, token: string): Promise<Response> {
  try {
    return respondJson(200, await verifier.revoke({ token }))
  } catch (error) {
    if (error instanceof ConfigurationError) return respondJson(200, {})
    throw failureOf(error, '')
  }
}

function failureOf(error: unknown, place: string): unknown {
  return error instanceof ConfigurationError ? toFeedError(error, place) : notStored()
}

function list(revocations: Revocations, { url }: Request): Response {
  const limit = readLimit(new URL(url).searchParams.getAll('limit'))
  const { status, asOf, entries } = revocations.health()
  const body = { status, ...(asOf === undefined ? {} : { asOf }), entries }
  return respondJson(200, { ...body, revocations: revocations.list().slice(0, limit) })
}

function readLimit(values: readonly string[]): number {
  const [value] = values
  if (value === undefined) return LIST.default
  const limit = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (values.length === 1 && limit >= 1 && limit <= LIST.max) return limit
  throw invalid(`limit: must be a number from 1 to ${LIST.max}`)
}
