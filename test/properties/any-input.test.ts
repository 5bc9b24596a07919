import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  clerk,
  createVerifier,
  oauth,
  stytch,
  type DecisionEvent,
  type GuardedRequest,
  type Verifier,
} from '../../src/index.js'
import { Refusal } from '../../src/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import { expectFromTable, runs } from './support.js'
import { NOW } from '../support/clock.js'

let issuer: TestIssuer
let verifier: Verifier
let events: DecisionEvent[]
beforeAll(async () => {
  const clock = (): number => NOW * 1000
  issuer = await createTestIssuer({ clock })
  events = []
  verifier = createVerifier({
    issuers: [oauth(issuer.oauth()), clerk(issuer.clerk()), stytch(issuer.stytch())],
    clock,
    onDecision: (event) => void events.push(event),
  })
  await verifier.ready()
})
afterAll(() => issuer.close())

/** Expects a refusal with the response of the table, and one event. */
async function expectRefused(request: GuardedRequest): Promise<void> {
  events.length = 0
  const decision = await verifier.authorize(request)
  expect(decision.outcome).toBe('refused')
  if (decision.outcome === 'accepted') return
  expectFromTable(decision.refusal)
  expect(events.map(({ reason }) => reason)).toEqual([decision.refusal.reason])
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString('latin1'))
const json = fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text).toString('base64url'))
const tokens = fc.oneof(
  bytes,
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,60}={0,2}$/),
  fc
    .array(fc.oneof(json, fc.stringMatching(/^[A-Za-z0-9_-]{0,20}$/)), { maxLength: 6 })
    .map((parts) => parts.join('.')),
  fc.stringMatching(/^mt_[A-Za-z0-9]{0,20}$/),
  fc.constantFrom('', '.', '..', '...', 'null', 'undefined', '[object Object]', '__proto__', 'constructor'),
  fc.integer({ min: 8000, max: 9000 }).map((length) => 'a'.repeat(length)),
)

test('any bytes in the Authorization header get a response of the table', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('', 'Bearer ', 'bearer  ', 'Bearer', 'Basic ', '\0'),
      tokens,
      (scheme, token) =>
        expectRefused({ method: 'GET', url: '/', headers: { authorization: scheme + token } }),
    ),
    runs(1500),
  )
})

test('authorize() resolves for any value as headers and never rejects', async () => {
  const name = fc.constantFrom('authorization', 'Authorization', 'get', '__proto__', 'x')
  const headers = fc.oneof(fc.anything(), fc.dictionary(name, fc.anything()))
  await fc.assert(
    fc.asyncProperty(headers, fc.anything(), fc.anything(), async (input, rawHeaders, url) => {
      const request = { headers: input, rawHeaders, url } as unknown as GuardedRequest
      const decision = await verifier.authorize(request)
      expect(decision.outcome).not.toBe('accepted')
      if (decision.outcome !== 'accepted') expectFromTable(decision.refusal)
    }),
    runs(1500),
  )
})

test('verify() rejects any value as a token with a refusal of the table, and reports it once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(tokens, fc.anything()), async (token) => {
      events.length = 0
      const error: unknown = await verifier.verify(token as string).then(
        () => 'accepted',
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(Refusal)
      expectFromTable(error as Refusal)
      expect(events.map(({ reason }) => reason)).toEqual([(error as Refusal).reason])
    }),
    runs(1500),
  )
})

test('forget() accepts any string and drops no other token', async () => {
  const token = issuer.mintOpaque()
  await verifier.verify(token)
  const calls = issuer.calls.introspection
  fc.assert(
    fc.property(tokens, (other) => {
      verifier.forget(other)
    }),
    runs(500),
  )
  await verifier.verify(token)
  expect(issuer.calls.introspection).toBe(calls)
})

test('no input has polluted a prototype', () => {
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
})
