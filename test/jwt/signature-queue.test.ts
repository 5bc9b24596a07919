import type { VerifyKeyObjectInput } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../src/index.js'
import { createSigningKey, signJwt } from '../../src/testing/state/signing-keys.js'
import { answerTo } from '../support/outcomes.js'
import { times } from '../support/test-bed.js'
import { until } from '../support/until.js'

type Done = (error: Error | null, isGood: boolean) => void

/** Signatures that wait for the thread pool, which verifies none until `release` is called. */
const queue = vi.hoisted(() => ({ waiting: [] as (() => void)[] }))

vi.mock('node:crypto', async (original) => {
  const actual = await original<typeof import('node:crypto')>()
  const verify = (digest: string, data: Buffer, key: VerifyKeyObjectInput, signature: Buffer, done: Done) => {
    queue.waiting.push(() => {
      done(null, actual.verify(digest, data, key, signature))
    })
  }
  return { ...actual, verify }
})

const release = (): void => {
  for (const verify of queue.waiting.splice(0)) verify()
}
afterEach(release)

/** Releases the pool until the work is done. */
async function finished<T>(work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  await until(() => {
    release()
    return isDone
  })
  return done
}

const ISSUER = 'https://auth.example.com'
const AUDIENCE = 'https://orders.internal'
const signing = createSigningKey('k', 'ES256', {})

let count = 0
function mint(extra: Readonly<Record<string, unknown>> = {}): string {
  const exp = Date.now() / 1000 + 3600
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'billing', exp, jti: `t${(count += 1)}`, ...extra }
  return signJwt(signing, { alg: 'ES256', kid: 'k', typ: 'at+jwt' }, claims)
}

function verifierOfJwts(): Verifier {
  return createVerifier({
    issuers: [oauth({ issuer: ISSUER, audience: AUDIENCE, jwks: { keys: [signing.jwk] } })],
  })
}

const OVERLOADED = { status: 503, reason: 'issuer_overloaded', retryAfter: 1, challenge: undefined }

describe('a flood of new tokens', () => {
  it('queues at most 2000 signatures; further new tokens get 503 with Retry-After immediately', async () => {
    const verifier = verifierOfJwts()
    const answers = times(2100, () => answerTo(verifier, mint()))
    await until(() => queue.waiting.length >= 2000)
    for (const token of times(5, () => mint())) expect(await answerTo(verifier, token)).toEqual(OVERLOADED)
    expect(queue.waiting).toHaveLength(2000)
    const statuses = (await finished(Promise.all(answers))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2000)
  })

  it('queues at most 2 MB of tokens: about 256 of 8 KB', async () => {
    const verifier = verifierOfJwts()
    const long = () => mint({ x: 'x'.repeat(5700) })
    const answers = times(300, () => answerTo(verifier, long()))
    const early = await Promise.all(times(5, () => answerTo(verifier, long())))
    expect(new Set(early.map(({ reason }) => reason))).toEqual(new Set(['issuer_overloaded']))
    expect(queue.waiting.length).toBeGreaterThan(200)
    expect(queue.waiting.length).toBeLessThan(290)
    await finished(Promise.all(answers))
  })

  it('does not affect cached tokens, and new tokens are verified again after it', async () => {
    const verifier = verifierOfJwts()
    const cached = mint()
    expect(await finished(answerTo(verifier, cached))).toMatchObject({ status: 200 })
    const answers = times(3000, () => answerTo(verifier, mint()))
    expect(await answerTo(verifier, cached)).toMatchObject({ status: 200 })
    expect(await answerTo(verifier, mint())).toEqual(OVERLOADED)
    const reasons = (await finished(Promise.all(answers))).map(({ reason }) => reason)
    expect(reasons.filter((reason) => reason === 'accepted').length).toBeGreaterThanOrEqual(2000)
    expect(await finished(answerTo(verifier, mint()))).toMatchObject({ status: 200 })
  })
})
