import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import type { Endpoint, FaultHandler } from '../../../src/testing/index.js'
import { AUDIENCE } from '../../support/tokens/attack.js'
import { manualClock, NOW } from '../../support/clock.js'
import { keyOf, mac, seal } from '../../support/tokens/forge.js'
import { answerTo } from '../../support/outcomes.js'
import { startIssuer } from '../../support/test-bed.js'
import { attackRuns, count, LONGEST_ATTACK, printCounts } from './budget.js'
import { boundedHeap, expectFewWarnings, quietProcess } from './process.js'
import { faultyResponses, plainly, strangeMembers, written } from './responses.js'

const MOST_BYTES = 8192

/** In seconds. */
const YEAR = 365 * 24 * 3600

/** The key that signs, and one of the same kind that the issuer never had. */
const key = keyOf('ES256', 'genuine')
const rogue = keyOf('ES256', 'rogue')
const other = keyOf('ES256', 'other')

/** Changes after which an entry no longer is the key, or not one that may verify. */
const SPOILED: readonly Readonly<Record<string, unknown>>[] = [
  { use: 'enc' },
  { use: 1 },
  { key_ops: [] },
  { key_ops: ['sign'] },
  { key_ops: 'verify' },
  { kty: 'RSA' },
  { kty: 'oct' },
  { kty: '__proto__' },
  { kty: 1 },
  { crv: 'P-384' },
  { crv: 'constructor' },
  { alg: 'ES384' },
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: null },
  { x: '' },
  { x: 'AAAA' },
  { x: null },
  { y: other.jwk['x'] },
  { d: 'AAAA' },
  { k: 'AAAA' },
  { kid: 'another' },
  { kid: 1 },
  { kid: null },
  { kid: ['genuine'] },
]

/** What a key set may hold besides keys. */
const STRANGE_ENTRIES: readonly unknown[] = [
  null,
  true,
  1,
  'genuine',
  [],
  {},
  [key.jwk],
  { kty: 'oct', k: 'AAAA', kid: 'genuine' },
  { kty: 'RSA', n: 'AQAB', e: 'AQ', kid: 'genuine', alg: 'ES256' },
  { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'genuine' },
  { kty: 'EC', crv: 'P-256', kid: 'genuine' },
]

const entry = {
  genuine: strangeMembers.map((strange) => ({ ...strange, ...key.jwk })),
  spoiled: fc.constantFrom(...SPOILED).map((change) => ({ ...key.jwk, ...change })),
  strange: fc.oneof(fc.constantFrom(...STRANGE_ENTRIES), fc.jsonValue({ maxDepth: 2 })),
  other: fc.constant(other.jwk),
}

/** A readable key set, with the key among its entries or not. */
const keySets = fc
  .record({
    hasKey: fc.boolean(),
    genuine: entry.genuine,
    rest: fc.array(fc.oneof(entry.spoiled, entry.strange, entry.other), { maxLength: 6 }),
    position: fc.nat({ max: 6 }),
    strange: strangeMembers,
  })
  .chain(({ hasKey, genuine, rest, position, strange }) => {
    const keys = hasKey ? rest.toSpliced(Math.min(position, rest.length), 0, genuine) : rest
    return written({ ...strange, keys }).map((text) => ({ text, hasKey }))
  })

/** Values of a member of the discovery document that are not a callable URL. */
const NO_ADDRESSES: readonly unknown[] = [
  undefined,
  null,
  1,
  true,
  {},
  [],
  '',
  'jwks',
  '/jwks',
  '//127.0.0.1/jwks',
  'file:///etc/passwd',
  'data:application/json,{"keys":[]}',
  'ftp://issuer.example/jwks',
  'javascript:0',
  'http://169.254.169.254/latest/meta-data',
  'http://issuer.example/jwks',
  'https://',
  'https://:0',
  'http://127.0.0.1:99999/jwks',
]

async function openIssuer() {
  const { read, pass } = manualClock()
  const issuer = await startIssuer({ clock: read })
  const claims = {
    iss: issuer.url,
    aud: AUDIENCE,
    sub: 'billing',
    client_id: 'billing',
    iat: NOW - 1,
    exp: NOW + YEAR,
  }
  const header = { typ: 'at+jwt', kid: key.kid, alg: 'ES256' }
  let minted = 0
  const payload = () => ({ ...claims, jti: `token-${(minted += 1)}` })
  const guard = (extra: object = { jwksUri: `${issuer.url}/jwks` }): Verifier =>
    createVerifier({
      issuers: [oauth(issuer.oauth({ introspection: undefined, keys: { maxBytes: MOST_BYTES }, ...extra }))],
      clock: read,
    })
  const forgeries = (): readonly string[] => [
    seal(rogue, header, payload()),
    seal(rogue, { ...header, jwk: rogue.jwk }, payload()),
    seal(rogue, { ...header, kid: undefined }, payload()),
    mac(256, JSON.stringify(key.jwk), { ...header, alg: 'HS256' }, payload()),
    `${seal(key, { ...header, alg: 'none' }, payload())
      .split('.')
      .slice(0, 2)
      .join('.')}.`,
  ]
  const genuine = (): string => seal(key, header, payload())
  const respond = (endpoint: Endpoint, handler: FaultHandler): void => issuer.fail(endpoint, handler)
  const publish = (): void => respond('jwks', plainly('right', JSON.stringify({ keys: [key.jwk] })).handler)
  return { issuer, pass, guard, genuine, forgeries, respond, publish }
}

/** When keys have to be fetched again, in seconds. */
const KEY_LIFETIME = 601

/** After it every pause is over, and what was fetched has to be fetched again. */
const EVERYTHING_DUE = KEY_LIFETIME + 121

it(
  'no response of a key set lets a forged token in, makes an outage a 401, or keeps a later set from being used',
  async () => {
    const { issuer, pass, guard, genuine, forgeries, respond, publish } = await openIssuer()
    const process = quietProcess()
    const counts = new Map<string, number>()
    const heap = boundedHeap()
    const responses = fc.oneof(
      keySets.map(({ text, hasKey }) => ({
        ...plainly(hasKey ? 'a set with the key' : 'a set without the key', text),
        status: hasKey ? 200 : undefined,
      })),
      keySets
        .chain(({ text }) => faultyResponses(text, MOST_BYTES))
        .map((response) => ({ ...response, status: 503 })),
    )
    const runs = attackRuns('key sets', { short: 300, long: 15_000 })
    await fc.assert(
      fc.asyncProperty(fc.noShrink(responses), fc.boolean(), async ({ name, handler, status }, isWarm) => {
        const verifier = guard()
        if (isWarm) {
          publish()
          await verifier.ready()
          pass(KEY_LIFETIME)
        }
        respond('jwks', handler)
        const before = issuer.calls.jwks
        for (const token of forgeries()) expect((await answerTo(verifier, token)).reason).not.toBe('accepted')
        const { reason, status: answered } = await answerTo(verifier, genuine())
        expect(issuer.calls.jwks - before).toBeLessThanOrEqual(2)
        // While fetches fail, keys that were fetched before stay in use.
        if (status !== undefined) expect(answered, reason).toBe(isWarm && status === 503 ? 200 : status)
        count(counts, `${isWarm ? 'warm' : 'cold'}, ${name}: ${reason}`)
        publish()
        pass(EVERYTHING_DUE)
        expect((await answerTo(verifier, genuine())).reason).toBe('accepted')
        verifier.close()
        heap.sample()
      }),
      runs,
    )
    printCounts('key sets', counts)
    expect(counts.size).toBeGreaterThan(25)
    expect(process.unhandled).toEqual([])
    expectFewWarnings(process.warnings, runs.numRuns)
    heap.expectBounded()
  },
  LONGEST_ATTACK,
)

it(
  'no discovery document leads to a forged token, a 401 for a valid one, or a call to an address that may not be called',
  async () => {
    const { issuer, pass, guard, genuine, forgeries, respond, publish } = await openIssuer()
    const process = quietProcess()
    const counts = new Map<string, number>()
    const right = { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }
    const documents = fc.oneof(
      strangeMembers
        .chain((strange) => written({ ...strange, ...right }))
        .map((text) => ({ ...plainly('right', text), isRight: true })),
      fc
        .constantFrom(...NO_ADDRESSES)
        .chain((address) => written({ ...right, jwks_uri: address }))
        .map((text) => ({ ...plainly('no address', text), isRight: false })),
      fc
        .constantFrom('https://elsewhere.example', `${issuer.url}/`, issuer.url.toUpperCase(), null, 1, [
          issuer.url,
        ])
        .chain((name) => written({ ...right, issuer: name }))
        .map((text) => ({ ...plainly('another issuer', text), isRight: false })),
      written(right)
        .chain((text) => faultyResponses(text, MOST_BYTES))
        .map((response) => ({ ...response, isRight: false })),
    )
    publish()
    const runs = attackRuns('discovery documents', { short: 200, long: 10_000 })
    await fc.assert(
      fc.asyncProperty(fc.noShrink(documents), async ({ name, handler, isRight }) => {
        const verifier = guard({})
        respond('discovery', handler)
        const before = { ...issuer.calls }
        for (const token of forgeries()) expect((await answerTo(verifier, token)).reason).not.toBe('accepted')
        const { reason, status } = await answerTo(verifier, genuine())
        expect(status, reason).toBe(isRight ? 200 : 503)
        expect(issuer.calls.jwks - before.jwks).toBe(isRight ? 1 : 0)
        expect(issuer.calls.discovery - before.discovery).toBeLessThanOrEqual(2)
        count(counts, `${name}: ${reason}`)
        issuer.heal()
        publish()
        pass(EVERYTHING_DUE)
        expect((await answerTo(verifier, genuine())).reason).toBe('accepted')
        verifier.close()
      }),
      runs,
    )
    printCounts('discovery documents', counts)
    expect(counts.size).toBeGreaterThan(15)
    expect(process.unhandled).toEqual([])
    expectFewWarnings(process.warnings, runs.numRuns)
  },
  LONGEST_ATTACK,
)
