import { LRUCache } from 'lru-cache'
import { tokenDigest } from '../../src/model/token-digest.js'
import { createClock } from '../../src/options/clock.js'
import { oauth } from '../../src/index.js'
import { connectIssuer } from '../../src/verifier/issuer-connection.js'
import { decodeJwt, type DecodedJwt } from '../../src/jwt/decode.js'
import { readJwk } from '../../src/keys/jwk.js'
import type { CachedToken } from '../../src/verifier/cached-token.js'
import { isVerificationFailure } from '../../src/model/refusal.js'
import { knownJwt, SeenToken } from '../../src/verifier/unparsed-token.js'
import type { Issuance } from '../support/tokens.js'
import { atOnce, freshTexts, ONE_AFTER_ANOTHER, type Choice, type Way } from './choice.js'

type Remember = (known: CachedToken, decoded: DecodedJwt) => CachedToken | SeenToken

/** All that happens to a new token but its signature. */
function reading({ issuer: name, audience, jwk }: Issuance): (token: string) => [CachedToken, DecodedJwt] {
  const issuer = connectIssuer(
    oauth({ issuer: name, audience, jwks: { keys: [jwk] } }),
    createClock(undefined),
  )
  const key = readJwk(jwk)
  return (token) => {
    const decoded = decodeJwt(token)
    const facts = decoded && issuer.issuer.jwt?.readClaims(decoded.claims, decoded.header)
    if (decoded === undefined || facts === undefined || isVerificationFailure(facts)) throw new TypeError('a bad token')
    return [knownJwt({ facts, claims: decoded.claims, digest: tokenDigest(token), issuer, key }), decoded]
  }
}

function remembering(name: string, remember: Remember): Way {
  return {
    name,
    make({ issuance, tokens }) {
      const read = reading(issuance)
      // Nine in ten of those that come are remembered until they would come again.
      const memory = new LRUCache<string, CachedToken | SeenToken>({ max: Math.floor(tokens.length * 0.9) })
      const next = freshTexts(tokens)
      return atOnce(() => {
        const [known, decoded] = read(next())
        memory.set(tokenDigest(known.token.fingerprint), remember(known, decoded))
        return known
      })
    },
  }
}

export const SEEN_ONCE = 'seen-once'
export const KEPT_AS_TEXT = 'the text of its claims'
export const READ_AGAIN =
  'the text of its claims, and read again at once: what the second request takes on top'

/** What is kept of a token that has come once. */
export const seenOnce: Choice = {
  id: SEEN_ONCE,
  title: 'What is kept of a new token until it comes again',
  digits: 2,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    remembering(KEPT_AS_TEXT, (known, decoded) => new SeenToken(known, decoded)),
    remembering('all that was read from it', (known) => known),
    {
      name: READ_AGAIN,
      make({ issuance, tokens }) {
        const read = reading(issuance)
        const memory = new LRUCache<string, CachedToken>({ max: Math.floor(tokens.length * 0.9) })
        const next = freshTexts(tokens)
        return atOnce(() => {
          const [known, decoded] = read(next())
          const digest = tokenDigest(known.token.fingerprint)
          const again = new SeenToken(known, decoded).recall(digest)
          if (again !== undefined) memory.set(digest, again)
          return again
        })
      },
    },
  ],
}
