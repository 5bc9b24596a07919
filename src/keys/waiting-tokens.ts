import { explain } from '../model/detail/explain.js'
import { createCause, Refusal } from '../model/refusal/refusal.js'

/**
 * Maximum number of JWTs that wait for one fetch, and maximum sum of their lengths. The limits equal those of the queue for
 * signatures (`src/jwt/signature-scheduler.ts`), because the JWTs enter that queue next.
 */
const MOST = { tokens: 2000, characters: 2 * 1024 * 1024 } as const

/** JWTs that wait for a fetch of the keys. Each keeps its token and claims in memory, so their number is limited. */
export class WaitingTokens {
  #tokens = 0
  #characters = 0

  /**
   * Counts a waiting token, unless a limit is reached.
   *
   * @returns refusal `issuer_overloaded` if a limit is reached.
   */
  enter(characters: number): Refusal | undefined {
    if (this.#tokens >= MOST.tokens || this.#characters + characters > MOST.characters) {
      return new Refusal('issuer_overloaded', {
        cause: createCause(`${this.#tokens} tokens already wait for a fetch of the keys`),
        detail: explain('issuer_overloaded', 'keys', { count: this.#tokens }),
      })
    }
    this.#tokens += 1
    this.#characters += characters
    return undefined
  }

  /** Stops counting a token. */
  leave(characters: number): void {
    this.#tokens -= 1
    this.#characters -= characters
  }
}
