import type { SimulatedIssuer } from './simulated-issuer.js'

/**
 * A stand-in for a store of answers that all instances share; the library has none. It sits where the issuer would be
 * asked, so the instances themselves are the real ones: a question is answered from the store while its answer is
 * younger than the lifetime, and goes on to the issuer, once for all who ask, when it is not.
 */
export class SharedStore {
  readonly #issuer: SimulatedIssuer
  readonly #lifetimeMs: number
  readonly #answers = new Map<string, { readonly until: number; readonly text: Promise<string> }>()

  constructor(issuer: SimulatedIssuer, lifetimeSeconds: number) {
    this.#issuer = issuer
    this.#lifetimeMs = lifetimeSeconds * 1000
  }

  readonly fetch = async (_url?: unknown, init?: { readonly body?: unknown }): Promise<Response> => {
    const token = String(init?.body)
    let answer = this.#answers.get(token)
    if (answer === undefined || this.#issuer.now >= answer.until) {
      const text = this.#issuer.fetch().then((response) => response.text())
      answer = { until: this.#issuer.now + this.#lifetimeMs, text }
      this.#answers.set(token, answer)
    }
    return new Response(await answer.text, { headers: { 'content-type': 'application/json' } })
  }
}
