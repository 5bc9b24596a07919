import type { TellIssuerEvent } from '../model/issuer/issuer-events.js'

/**
 * Reports the outages of an issuer's documents. An outage begins with the first document that fails and ends when none
 * fails. The key set depends on the discovery document, so a failure of both is one outage.
 */
export class DocumentOutages {
  readonly #tell: TellIssuerEvent
  readonly #failing = new Set<object>()

  constructor(tell: TellIssuerEvent) {
    this.#tell = tell
  }

  /** Records that a document is unusable, and reports the first one. */
  begin(document: object, detail: string): void {
    const isFirst = this.#failing.size === 0
    this.#failing.add(document)
    if (isFirst) this.#tell('keys_failing', detail)
  }

  /** Records that a document is unusable, without an event, because another event has reported it. */
  beginReported(document: object): void {
    this.#failing.add(document)
  }

  /** Records that a document is usable, and reports the end of the outage if it was the last unusable one. */
  end(document: object, detail: string): void {
    if (this.#failing.delete(document) && this.#failing.size === 0) this.#tell('keys_recovered', detail)
  }
}
