import { inspect } from 'node:util'
import { afterAll, beforeAll, expect } from 'vitest'
import {
  createVerifier,
  oauth,
  type Decision,
  type DecisionEvent,
  type GuardedRequest,
  type Issuer,
  type OAuthOptions,
  type Policy,
  type Verifier,
  type VerifierOptions,
} from '../../../src/index.js'
import { createTestIssuer, type OptionOverrides, type TestIssuer } from '../../../src/testing/index.js'
import type { SigningKey } from '../../../src/testing/state/signing-keys.js'
import { REFUSALS } from '../../support/refusals.js'
import { keyOf, seal, withMembers, type Part } from './forge.js'

/** Stands in forged claims and header members: nothing that is said of a refusal may contain it. */
export const MARK = 'hostile-marker'

/** A whole second. */
export const START = Date.UTC(2026, 10, 21, 8)
export const AUDIENCE = 'https://api.test'

/** A guard under attack: an issuer whose private key the test holds, and a verifier that has its keys. */
export class Arena {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly events: DecisionEvent[] = []
  /** The key honest tokens are signed with. */
  readonly key: SigningKey = keyOf('ES256')
  #milliseconds = START

  private constructor(issuer: TestIssuer, options: ArenaOptions, clock: { read: () => number }) {
    this.issuer = issuer
    clock.read = () => this.#milliseconds
    this.publish(...(options.keys ?? [this.key.jwk, keyOf('RS256').jwk]))
    const { issuers = (by) => [oauth(by.oauth({ jwksUri: `${by.url}/jwks`, ...options.oauth }))] } = options
    this.verifier = createVerifier({
      ...options.verifier,
      issuers: issuers(issuer),
      clock: clock.read,
      onDecision: (event) => {
        this.events.push(event)
      },
    })
  }

  static async open(options: ArenaOptions = {}): Promise<Arena> {
    const clock = { read: () => START }
    const issuer = await createTestIssuer({
      clock: () => clock.read(),
      opaquePrefix: 'ref_',
      ...options.testIssuer,
    })
    return new Arena(issuer, options, clock)
  }

  /** Seconds since the epoch. */
  get now(): number {
    return this.#milliseconds / 1000
  }

  pass(seconds: number): void {
    this.#milliseconds += Math.round(seconds * 1000)
  }

  /** From now on the key set has these entries. */
  publish(...keys: readonly unknown[]): void {
    this.issuer.fail('jwks', { body: { keys } })
  }

  get header(): Record<string, unknown> {
    return { alg: this.key.algorithm, kid: this.key.kid, typ: 'at+jwt' }
  }

  get claims(): Record<string, unknown> {
    return {
      iss: this.issuer.url,
      aud: AUDIENCE,
      sub: 'billing',
      client_id: 'billing',
      jti: 'j-1',
      iat: this.now,
      exp: this.now + 3600,
      scope: 'orders:read',
    }
  }

  /** An honest token, with header members and claims in place of the usual ones. */
  token(claims: object = {}, header: object = {}, key: SigningKey = this.key): string {
    return this.raw(
      withMembers({ ...this.header, alg: key.algorithm, kid: key.kid }, header),
      withMembers(this.claims, claims),
      key,
    )
  }

  /** A token whose segments are these, text for text. */
  raw(header: Part, payload: Part, key: SigningKey = this.key): string {
    return seal(key, header, payload)
  }

  /** `'accepted'` or the reason, for a token sent as it should be. */
  async outcome(token: string, policy?: Policy): Promise<string> {
    return reasonOf(await this.decide({ headers: { authorization: `Bearer ${token}` } }, policy))
  }

  /** Decides and holds the decision against what is promised of every decision. */
  async decide(request: GuardedRequest, policy?: Policy): Promise<Decision> {
    const before = this.events.length
    const decision = await this.verifier.authorize(request, policy)
    expectPromised(decision, this.events.slice(before), sentIn(request))
    return decision
  }

  async close(): Promise<void> {
    this.verifier.close()
    await this.issuer.close()
  }
}

export interface ArenaOptions {
  readonly oauth?: OptionOverrides<OAuthOptions>
  readonly issuers?: (issuer: TestIssuer) => readonly Issuer[]
  readonly verifier?: Partial<Omit<VerifierOptions, 'issuers' | 'clock'>>
  readonly testIssuer?: Parameters<typeof createTestIssuer>[0]
  readonly keys?: readonly unknown[]
}

/** An arena for all tests of a describe block, with its keys loaded, so that every call counted is the attack's. */
export function warmArena(options: ArenaOptions = {}): { readonly arena: Arena } {
  const held: { arena: Arena } = { arena: undefined as unknown as Arena }
  beforeAll(async () => {
    held.arena = await Arena.open(options)
    await held.arena.verifier.ready()
    held.arena.issuer.resetCalls()
  })
  afterAll(async () => {
    // Whatever was sent, the next honest request is unharmed.
    const { arena } = held
    if (options.issuers === undefined && options.keys === undefined) {
      expect(await arena.outcome(arena.token())).toBe('accepted')
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    await arena.close()
  })
  return held
}

export function reasonOf(decision: Decision): string {
  return decision.outcome === 'accepted' ? 'accepted' : decision.refusal.reason
}

/** What holds for every decision: it is from the table, is told to the observer once, and gives nothing away. */
function expectPromised(
  decision: Decision,
  events: readonly DecisionEvent[],
  secrets: readonly string[],
): void {
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

/** A refusal and its events in every way somebody might print them. */
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

/** The token that was sent and its parts: what must not show. Short ones occur by chance. */
function sentIn({ headers }: GuardedRequest): readonly string[] {
  const values = Object.values(headers as Record<string, unknown>).flat()
  const texts = values.filter((value) => typeof value === 'string')
  const parts = texts.flatMap((text) => text.split(/[\s.,]+/))
  return [...parts, MARK].filter((part) => part.length >= 12)
}
