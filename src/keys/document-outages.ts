import type { TellIssuerEvent } from '../model/issuer-events.js'

/**
 * Reports the outages of an issuer's documents. The key set depends on the discovery document, so that both fail together:
 * that is one outage, which begins with the first document that fails and ends when none does.
 */
export class DocumentOutages {
  readonly #tell: TellIssuerEvent
  readonly #failing = new Set<object>()

  constructor(tell: TellIssuerEvent) {
    this.#tell = tell
  }

  /** A document cannot be used. */
  begin(document: object, detail: string): void {
    const isFirst = this.#failing.size === 0
    this.#failing.add(document)
    if (isFirst) this.#tell('keys_failing', detail)
  }

  /** A document cannot be used, which another event has reported. */
  beginReported(document: object): void {
    this.#failing.add(document)
  }

  /** A document can be used, whether it could be before or not. */
  end(document: object, detail: string): void {
    if (this.#failing.delete(document) && this.#failing.size === 0) this.#tell('keys_recovered', detail)
  }
}
