import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokenSource, TokenSourceError } from '../../src/client/index.js'
import { START } from '../support/clock.js'

/** An issuer in the same process whose answers come when the test lets them. */
function manualIssuer(clock: () => number) {
  const open: { readonly key: string; readonly answer: (ok: boolean) => void }[] = []
  const born = new Map<string, number>()
  let most = 0
  let count = 0
  const answering: typeof fetch = (_, init) => {
    const key = new URLSearchParams(init?.body as string).get('scope') ?? ''
    const askedAt = clock()
    return new Promise((resolve) => {
      open.push({
        key,
        answer: (ok) => {
          const token = `token-${(count += 1)}`
          born.set(token, askedAt)
          const body = { access_token: token, token_type: 'bearer', expires_in: LIFETIME }
          resolve(ok ? Response.json(body) : Response.json({}, { status: 503 }))
        },
      })
      most = Math.max(most, open.filter((item) => item.key === key).length)
    })
  }
  return {
    fetch: answering,
    born,
    mostInFlight: () => most,
    settle: (index: number, ok: boolean) => {
      open.splice(index % Math.max(1, open.length), 1)[0]?.answer(ok)
    },
    isIdle: () => open.length === 0,
  }
}

const LIFETIME = 100

type Step =
  | { readonly kind: 'ask'; readonly scopes: string }
  | { readonly kind: 'pass'; readonly seconds: number }
  | { readonly kind: 'settle'; readonly index: number; readonly ok: boolean }
  | { readonly kind: 'forget' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('ask'), scopes: fc.constantFrom('a', 'b', 'a b', 'b a') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass'), seconds: fc.integer({ min: 1, max: 60 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('settle'), index: fc.nat(5), ok: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget') }) },
)

/** Lets everything that is due run; nothing here waits for the outside. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('in any order of events', () => {
  it('at most one request is in flight per set, and no expired token is returned', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, maxTokens) => {
          let now = START
          const issuer = manualIssuer(() => now)
          const source = tokenSource({
            tokenEndpoint: 'https://issuer.test/token',
            clientId: 'x',
            clientSecret: 'y',
            fetch: issuer.fetch,
            clock: () => now,
            maxTokens,
          })
          let last = ''
          const ask = (scopes: string): Promise<void> =>
            source.getToken({ scopes }).then(
              (token) => {
                last = token
                expect((now - issuer.born.get(token)!) / 1000).toBeLessThan(LIFETIME - 5)
              },
              (error: unknown) => {
                expect(error).toBeInstanceOf(TokenSourceError)
              },
            )
          const asked: Promise<void>[] = []
          for (const item of steps) {
            if (item.kind === 'ask') asked.push(ask(item.scopes))
            if (item.kind === 'pass') now += item.seconds * 1000
            if (item.kind === 'settle') issuer.settle(item.index, item.ok)
            if (item.kind === 'forget') source.forget(last)
            await turn()
          }
          while (!issuer.isIdle()) {
            issuer.settle(0, true)
            await turn()
          }
          await Promise.all(asked)
          expect(issuer.mostInFlight()).toBeLessThanOrEqual(1)
          source.close()
        },
      ),
      { numRuns: 300 },
    )
  })
})
