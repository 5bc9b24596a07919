import { explain } from '../model/detail/explain.js'
import { createCause, Refusal } from '../model/refusal/refusal.js'
import { Capacity, type Share } from '../util/capacity.js'

/**
 * Maximum number of JWTs that wait for fetches of an issuer's keys, and maximum sum of their lengths. The limits equal those
 * of the queue for signatures (`src/jwt/signature-scheduler.ts`), because the JWTs enter that queue next.
 */
const MOST = { tokens: 2000, characters: 2 * 1024 * 1024 } as const

/** The limits on waiting JWTs that several key sets share: those of the tenants of an issuer. */
export class WaitingLimits {
  readonly #tokens = new Capacity(MOST.tokens)
  readonly #characters = new Capacity(MOST.characters)

  /** The JWTs that wait for one of the key sets. */
  part(): WaitingTokens {
    return new WaitingTokens(this.#tokens.part(), this.#characters.part())
  }
}

/** JWTs that wait for a fetch of the keys. Each keeps its token and claims in memory, so their number is limited. */
export class WaitingTokens {
  readonly #tokens: Share
  readonly #characters: Share

  constructor(
    tokens: Share = new Capacity(MOST.tokens).whole(),
    characters: Share = new Capacity(MOST.characters).whole(),
  ) {
    this.#tokens = tokens
    this.#characters = characters
  }

  /**
   * Counts a waiting token, unless a limit is reached.
   *
   * @returns refusal `issuer_overloaded` if a limit is reached.
   */
  enter(characters: number): Refusal | undefined {
    if (!this.#tokens.hasRoom() || !this.#characters.hasRoom(characters)) {
      const count = this.#tokens.used
      return new Refusal('issuer_overloaded', {
        cause: createCause(`${count} tokens already wait for a fetch of the keys`),
        detail: explain('issuer_overloaded', 'keys', { count }),
      })
    }
    this.#tokens.take()
    this.#characters.take(characters)
    return undefined
  }

  /** Stops counting a token. */
  leave(characters: number): void {
    this.#tokens.release()
    this.#characters.release(characters)
  }
}
