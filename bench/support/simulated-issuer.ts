import { setImmediate as nextTurn } from 'node:timers/promises'
import type { OAuthOptions } from '../../src/index.js'
import { createSigningKey } from '../../src/testing/state/signing-keys.js'
import { AUDIENCE, SCOPE } from '../support/tokens.js'

const ISSUER = 'https://issuer.test'
const key = createSigningKey('unused', 'ES256', {}).jwk
const ENDPOINT = `${ISSUER}/introspect`

/** An issuer in simulated time: answers every question with yes, some time later, and counts. */
export class SimulatedIssuer {
  now = Date.UTC(2026, 10, 21)
  calls = 0
  readonly #answerMs: number
  #pending: { readonly due: number; readonly answer: () => void }[] = []

  constructor({ answerMs }: { readonly answerMs: number }) {
    this.#answerMs = answerMs
  }

  /** What is given to a verifier as its `fetch`. */
  readonly fetch = (): Promise<Response> => {
    this.calls += 1
    return new Promise((resolve) => {
      const answer = (): void => {
        resolve(Response.json(this.#facts()))
      }
      this.#pending.push({ due: this.now + this.#answerMs, answer })
    })
  }

  /** Lets time pass, and whoever got an answer go on. */
  async pass(milliseconds: number): Promise<void> {
    this.now += milliseconds
    const due = this.#pending.filter((question) => question.due <= this.now)
    this.#pending = this.#pending.filter((question) => question.due > this.now)
    for (const { answer } of due) answer()
    await nextTurn()
    // Reading an answer takes more turns than one.
    if (due.length > 0) for (let turn = 0; turn < TURNS_TO_READ; turn += 1) await nextTurn()
  }

  #facts(): Readonly<Record<string, unknown>> {
    const seconds = Math.floor(this.now / 1000)
    return {
      active: true,
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'billing',
      client_id: 'billing',
      scope: SCOPE,
      iat: seconds - 60,
      exp: seconds + 86_400,
    }
  }
}

const TURNS_TO_READ = 8

/** Options for `oauth` under which the simulated issuer, or a store before it, is asked. */
export function askedFor(source: { readonly fetch: () => Promise<Response> }): OAuthOptions {
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    // Never used, and asked for: without keys the issuer's address would be called.
    jwks: { keys: [key] },
    introspection: { endpoint: ENDPOINT, clientId: 'orders', clientSecret: 'secret' },
    fetch: source.fetch,
  }
}
