import { LRUCache } from 'lru-cache'

/** Maximum number of message ids in memory, per receiver. */
const MAX_REMEMBERED = 10_000

/**
 * Processes each message once, by its id. Senders repeat messages that were not acknowledged. A repetition after the id was
 * forgotten is processed again, which is harmless: its times are those of the message.
 */
export class Deliveries {
  readonly #known = new LRUCache<string, Promise<void>>({ max: MAX_REMEMBERED })

  /** Processes a message. A repetition shares the result; a failed message may be repeated. */
  async once(id: string, process: () => Promise<void>): Promise<void> {
    const known = this.#known.get(id)
    if (known !== undefined) return known
    const processing = process()
    this.#known.set(id, processing)
    try {
      await processing
    } catch (error) {
      if (this.#known.peek(id) === processing) this.#known.delete(id)
      throw error
    }
  }
}
