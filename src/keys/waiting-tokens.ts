import { Refusal } from '../model/refusal.js'

/**
 * How many JWTs wait for one fetch, and how many characters they may have together. The same as for the signatures that wait
 * for the thread pool, which is where these go next.
 */
const MOST = { tokens: 2000, characters: 2 * 1024 * 1024 } as const

/** The JWTs that wait for a fetch of the keys. Each keeps its token and its claims in memory, so that they are limited. */
export class WaitingTokens {
  #tokens = 0
  #characters = 0

  /**
   * Notes that a token waits from now on, unless too many do already.
   *
   * @returns refusal `issuer_overloaded` if the token must not wait.
   */
  enter(characters: number): Refusal | undefined {
    if (this.#tokens >= MOST.tokens || this.#characters + characters > MOST.characters) {
      return new Refusal('issuer_overloaded', {
        cause: new Error(`${this.#tokens} tokens wait for a fetch of the keys`),
      })
    }
    this.#tokens += 1
    this.#characters += characters
    return undefined
  }

  /** Notes that one waits no longer. */
  leave(characters: number): void {
    this.#tokens -= 1
    this.#characters -= characters
  }
}
