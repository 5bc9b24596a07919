import { inspect } from 'node:util'
import { expect } from 'vitest'
import {
  oauth,
  type Decision,
  type DecisionEvent,
  type GuardedRequest,
  type OAuthOptions,
} from '../../../src/index.js'
import type { OptionOverrides } from '../../../src/testing/index.js'
import type { SigningKey } from '../../../src/testing/state/signing-keys.js'
import { keyOf, seal, withMembers, type Part } from './forge.js'
import { reasonOf } from '../outcomes.js'
import { REFUSALS } from '../refusals.js'
import { bearer, sharedBed, testBed, type TestBed, type TestBedOptions } from '../test-bed.js'

/** Marks forged claims and header members: no refusal or event may contain it. */
export const MARK = 'hostile-marker'

/** The audience of the test issuer's tokens. */
export const AUDIENCE = 'https://api.test'

/** A test bed that signs tokens with any header and claims, and checks every decision for leaks. */
export interface AttackBed extends TestBed {
  /** The key that signs tokens unless a test names another. */
  readonly key: SigningKey
  /** Replaces the entries of the key set. */
  readonly publish: (...keys: readonly unknown[]) => void
  /** The header of a valid token. */
  readonly header: Readonly<Record<string, unknown>>
  /** The claims of a token that is valid now. */
  readonly claims: Readonly<Record<string, unknown>>
  /** A valid token with the given claims and header members in place of the usual ones. */
  readonly token: (claims?: object, header?: object, key?: SigningKey) => string
  /** A signed token with exactly these segments. */
  readonly raw: (header: Part, payload: Part, key?: SigningKey) => string
  /** Authorizes a request and checks what must hold for every decision; one request at a time. */
  readonly decide: (...request: Parameters<TestBed['verifier']['authorize']>) => Promise<Decision>
}

export interface AttackBedOptions extends TestBedOptions {
  /** Options for the OAuth issuer, which is used unless `issuers` is given. */
  readonly oauth?: OptionOverrides<OAuthOptions>
  /** The key set. */
  readonly keys?: readonly unknown[]
}

/** Starts a test bed whose private key the test holds. */
export async function attackBed(options: AttackBedOptions = {}): Promise<AttackBed> {
  const key = keyOf('ES256')
  const { oauth: extra, keys = [key.jwk, keyOf('RS256').jwk], testIssuer, ...rest } = options
  const bed = await testBed({
    issuers: (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, ...extra }))],
    ...rest,
    testIssuer: { opaquePrefix: 'ref_', ...testIssuer },
  })
  const { issuer, verifier, events, now } = bed
  const publish: AttackBed['publish'] = (...entries) => {
    issuer.fail('jwks', { body: { keys: entries } })
  }
  publish(...keys)

  const header = { alg: key.algorithm, kid: key.kid, typ: 'at+jwt' }
  const claims = (): AttackBed['claims'] => ({
    iss: issuer.url,
    aud: AUDIENCE,
    sub: 'billing',
    client_id: 'billing',
    jti: 'j-1',
    iat: now(),
    exp: now() + 3600,
    scope: 'orders:read',
  })
  const raw: AttackBed['raw'] = (head, payload, by = key) => seal(by, head, payload)
  const decide: AttackBed['decide'] = async (request, policy) => {
    const before = events.length
    const decision = await verifier.authorize(request, policy)
    expectSafe(decision, events.slice(before), sentIn(request))
    return decision
  }
  return {
    ...bed,
    key,
    publish,
    header,
    get claims() {
      return claims()
    },
    token: (change = {}, members = {}, by = key) =>
      raw(
        withMembers({ ...header, alg: by.algorithm, kid: by.kid }, members),
        withMembers(claims(), change),
        by,
      ),
    raw,
    decide,
    outcome: async (token, policy) => reasonOf(await decide(bearer(token), policy)),
  }
}

/** One attack bed for all tests of a file or a describe block. Its keys are loaded, so only the attack causes calls. */
export function sharedAttackBed(options: AttackBedOptions = {}): { readonly bed: AttackBed } {
  return sharedBed(async (atEnd) => {
    const bed = await attackBed({ ...options, atEnd })
    await bed.verifier.ready()
    bed.issuer.resetCalls()
    atEnd(async () => {
      // A valid request must still be accepted after the attacks.
      if (options.issuers === undefined && options.keys === undefined) {
        expect(await bed.outcome(bed.token())).toBe('accepted')
      }
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    })
    return bed
  })
}

/** Checks what must hold for every decision: status from the table, exactly one event, no secret in error or event. */
function expectSafe(decision: Decision, events: readonly DecisionEvent[], secrets: readonly string[]): void {
  expect(events).toHaveLength(1)
  expect(events[0]!.outcome).toBe(decision.outcome)
  if (decision.outcome === 'accepted') return
  const { refusal } = decision
  const row = Object.hasOwn(REFUSALS, refusal.reason) ? REFUSALS[refusal.reason] : undefined
  expect([refusal.status, refusal.error], refusal.reason).toEqual(row)
  expect(decision.outcome).toBe(refusal.status === 503 ? 'undecidable' : 'refused')
  expect(events[0]!.reason).toBe(refusal.reason)
  const said = everythingSaid(refusal, events)
  for (const secret of secrets) {
    if (said.includes(secret)) throw new Error(`${refusal.reason} gives away ${secret.slice(0, 60)}`)
  }
}

/** A refusal and its events, printed in every usual way. */
function everythingSaid(refusal: Error & { cause?: unknown }, events: readonly DecisionEvent[]): string {
  const printed = [refusal, refusal.cause, events].map((item) =>
    inspect(item, { depth: 10, showHidden: true, maxStringLength: null }),
  )
  const cause = refusal.cause instanceof Error ? `${refusal.cause.message} ${refusal.cause.stack}` : ''
  return [
    ...printed,
    JSON.stringify(refusal),
    String(refusal),
    refusal.stack,
    cause,
    JSON.stringify(events),
  ].join('\n')
}

/** The token that was sent and its parts, which must not be printed. Parts under 12 characters occur by chance. */
function sentIn({ headers }: GuardedRequest): readonly string[] {
  const values = Object.values(headers as Record<string, unknown>).flat()
  const texts = values.filter((value) => typeof value === 'string')
  const parts = texts.flatMap((text) => text.split(/[\s.,]+/))
  return [...parts, MARK].filter((part) => part.length >= 12)
}
