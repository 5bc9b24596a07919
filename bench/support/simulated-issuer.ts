import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OAuthOptions } from '../../src/index.js'
import { createSigningKey } from '../../src/testing/state/signing-keys.js'
import { AUDIENCE, claimsOf } from './tokens.js'

const ISSUER = 'https://issuer.test'
/** Reading a response takes several turns of the event loop. */
const TURNS_TO_READ = 8

/** An issuer in simulated time, which reports every token as active after a delay and counts the calls. */
export class SimulatedIssuer {
  now = Date.UTC(2026, 10, 21)
  calls = 0
  readonly #delayMs: number
  #pending: { readonly due: number; readonly respond: () => void }[] = []

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /** Returns the options for `oauth`. */
  options(): OAuthOptions {
    return {
      issuer: ISSUER,
      audience: AUDIENCE,
      // The key is unused, but without keys the verifier would fetch the issuer's key set.
      jwks: { keys: [createSigningKey('unused', 'ES256', {}).jwk] },
      introspection: { endpoint: `${ISSUER}/introspect`, clientId: 'orders', clientSecret: 'secret' },
      fetch: () => this.#fetch(),
    }
  }

  /** Advances the time and lets the callers of due responses continue. */
  async pass(milliseconds: number): Promise<void> {
    this.now += milliseconds
    const due = this.#pending.filter((call) => call.due <= this.now)
    this.#pending = this.#pending.filter((call) => call.due > this.now)
    for (const { respond } of due) respond()
    for (let turn = due.length > 0 ? TURNS_TO_READ : 0; turn >= 0; turn -= 1) await nextTurn()
  }

  #fetch(): Promise<Response> {
    this.calls += 1
    return new Promise((resolve) => {
      const respond = (): void => {
        const now = Math.floor(this.now / 1000)
        const times = { iat: now - 60, nbf: now - 60, exp: now + 86_400 }
        resolve(Response.json({ active: true, ...claimsOf(ISSUER, times) }))
      }
      this.#pending.push({ due: this.now + this.#delayMs, respond })
    })
  }
}
