import { describe, expect, it } from 'vitest'
import { jwksBed, LONG_LIVED, times, type TestBed } from '../support/test-bed.js'
import type { Answer } from '../support/outcomes.js'

const OVERLOADED = { status: 503, reason: 'issuer_overloaded', retryAfter: 1, challenge: undefined }

/** Forged tokens of the same length, each with a different key id. */
function forge({ jwt }: TestBed, count: number, extra = ''): readonly string[] {
  // All have the same signature, because it is never verified.
  const [, claims = '', signature = ''] = jwt({ claims: { extra } }).split('.')
  return times(count, () => {
    const header = JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: crypto.randomUUID() })
    return [Buffer.from(header).toString('base64url'), claims, signature].join('.')
  })
}

function answersTo({ answer }: TestBed, tokens: readonly string[]): readonly Promise<Answer>[] {
  return tokens.map((token) => answer(token))
}

/** Counts the results per reason. */
async function reasonsOf(answers: readonly Promise<Answer>[]): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  for (const { reason } of await Promise.all(answers)) counts[reason] = (counts[reason] ?? 0) + 1
  return counts
}

describe('JWTs that wait for the first fetch of the keys', () => {
  it.each([
    ['2000 short ones', ''],
    ['2,097,152 characters of long ones', 'x'.repeat(5700)],
  ])('are at most %s; further ones get 503 issuer_overloaded immediately', async (_, extra) => {
    const bed = await jwksBed()
    const gate = bed.issuer.gate('jwks')
    const forged = forge(bed, 2100, extra)
    const most = Math.min(2000, Math.floor(2_097_152 / forged[0]!.length))
    const answers = answersTo(bed, forged.slice(0, most + 100))
    await gate.waiting
    expect(await bed.answer(bed.jwt({ claims: { extra } }))).toEqual(OVERLOADED)
    gate.release()
    expect(await reasonsOf(answers)).toEqual({ key_unknown: most, issuer_overloaded: 100 })
    expect(bed.issuer.calls.jwks).toBe(1)
    expect(await bed.outcome(bed.jwt())).toBe('accepted')
  })

  it('count once, however many requests have the same token', async () => {
    const { issuer, jwt, outcome } = await jwksBed()
    const token = jwt()
    const gate = issuer.gate('jwks')
    const outcomes = times(5000, () => outcome(token))
    await gate.waiting
    gate.release()
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['accepted']))
  })
})

describe('a flood of forged key ids during a slow fetch', () => {
  it('delays no JWT with a listed key, new or cached', async () => {
    const bed = await jwksBed()
    const cached = bed.jwt()
    await bed.outcome(cached)
    const gate = bed.issuer.gate('jwks')
    const answers = answersTo(bed, forge(bed, 2100))
    await gate.waiting
    expect(await bed.outcome(cached)).toBe('accepted')
    expect(await bed.outcome(bed.jwt())).toBe('accepted')
    expect(await bed.answer(bed.issuer.mintJwt({ header: { kid: 'unknown' } }))).toEqual(OVERLOADED)
    gate.release()
    expect(await reasonsOf(answers)).toEqual({ key_unknown: 2000, issuer_overloaded: 100 })
  })

  it('does not use up the limit of JWTs whose key was listed when the keys expired', async () => {
    const bed = await jwksBed()
    const cached = bed.jwt()
    await bed.outcome(cached)
    bed.pass(600)
    const gate = bed.issuer.gate('jwks')
    const answers = answersTo(bed, forge(bed, 2100))
    await gate.waiting
    const outcomes = [cached, ...times(100, () => bed.jwt())].map((token) => bed.outcome(token))
    gate.release()
    expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['accepted']))
    expect(await reasonsOf(answers)).toEqual({ key_unknown: 2000, issuer_overloaded: 100 })
  })

  it('gets 401 without waiting during the backoff that follows, whatever its size', async () => {
    const bed = await jwksBed()
    await bed.outcome(bed.jwt())
    expect(await reasonsOf(answersTo(bed, forge(bed, 1)))).toEqual({ key_unknown: 1 })
    expect(await reasonsOf(answersTo(bed, forge(bed, 5000)))).toEqual({ key_unknown: 5000 })
    expect(bed.issuer.calls.jwks).toBe(2)
  })

  it('frees the limit for later JWTs when the fetch fails', async () => {
    const bed = await jwksBed({}, { mint: LONG_LIVED })
    bed.issuer.fail('jwks', 500)
    const gate = bed.issuer.gate('jwks')
    const answers = answersTo(bed, forge(bed, 2100))
    await gate.waiting
    gate.release()
    expect(await reasonsOf(answers)).toEqual({ keys_unavailable: 2000, issuer_overloaded: 100 })
    bed.issuer.heal()
    bed.pass(60)
    expect(new Set(await Promise.all(times(100, () => bed.outcome(bed.jwt()))))).toEqual(
      new Set(['accepted']),
    )
  })
})
