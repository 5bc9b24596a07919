import { createTransport } from '../../http/transport/transport.js'
import { decodeJwt, looksLikeJwt } from '../../jwt/decode.js'
import { verifyWithNode } from '../../jwt/signature.js'
import { verifyJwt } from '../../jwt/verify.js'
import { DocumentOutages } from '../../keys/document-outages.js'
import { ASYMMETRIC_ALGORITHMS } from '../../keys/jwk.js'
import { KEY_DEFAULTS } from '../../keys/options.js'
import { RemoteKeySet } from '../../keys/remote-key-set.js'
import type { JwtProfile, UnverifiedJwt } from '../../model/issuer/issuer.js'
import { isRefusal } from '../../model/refusal/refusal.js'
import type { KeySet } from '../../model/key/verification-key.js'
import type { Clock } from '../../util/clock.js'
import { hasDuplicateMembers } from '../../util/duplicate-members.js'
import { DUPLICATE_MEMBERS, FeedError, invalid } from './exchange.js'

/** Where the keys of a sender are fetched, and how. */
export interface MessageKeys {
  readonly jwksUri: string
  readonly fetch: typeof fetch | undefined
  readonly clock: Clock
}

/** Verifies the signatures of messages of one sender with its published keys. */
export class MessageVerifier {
  readonly #keys: KeySet
  readonly #profile: JwtProfile

  constructor({ jwksUri, fetch, clock }: MessageKeys) {
    const source = { kind: 'remote', url: jwksUri } as const
    this.#profile = {
      issuers: null,
      checked: 'local',
      keys: source,
      algorithms: ASYMMETRIC_ALGORITHMS,
      validateHeader: () => undefined,
      // The claims are read by the receiver, because they are not those of an access token.
      readClaims: () => ({ subject: '', scopes: [], audience: [], claims: {} }),
    }
    this.#keys = new RemoteKeySet(source, KEY_DEFAULTS, clock, {
      transport: createTransport(fetch),
      tell: () => undefined,
      outages: new DocumentOutages(() => undefined),
      reportCall: (_kind, call) => call(),
    })
  }

  /**
   * Verifies the signature of a message.
   *
   * @returns whether it is valid.
   * @throws FeedError as a rejection while the keys are unavailable.
   */
  async isSigned(message: string, decoded: UnverifiedJwt): Promise<boolean> {
    const verified = await verifyJwt(message, decoded, this.#profile, this.#keys, verifyWithNode)
    if (!isRefusal(verified)) return true
    if (verified.status !== 503) return false
    const headers = { 'Retry-After': verified.headers['Retry-After'] ?? '1' }
    throw new FeedError(503, 'temporarily_unavailable', 'the keys of the sender are unavailable', headers)
  }
}

/**
 * Decodes the compact JWS of a sender.
 *
 * @throws FeedError for anything else, and for two members with the same name, of which another parser may have used the other one.
 */
export function readMessage(message: string): UnverifiedJwt {
  const decoded = decodeMessage(message)
  if (decoded === undefined) throw invalid('the body must be a signed JWT')
  const parts = message.split('.', 2).map((part) => Buffer.from(part, 'base64url').toString())
  if (parts.some(hasDuplicateMembers)) throw invalid(DUPLICATE_MEMBERS)
  return decoded
}

/** Decodes a compact JWS. Returns `undefined` for anything else. */
export function decodeMessage(message: string): UnverifiedJwt | undefined {
  return looksLikeJwt(message) ? decodeJwt(message) : undefined
}
