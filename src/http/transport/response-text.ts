import { Buffer, isUtf8 } from 'node:buffer'
import { UnreadableResponseError } from '../exchange-error.js'

/** Collects the bytes of a response body up to a limit, and decodes them as UTF-8. */
export class ResponseText {
  readonly #maxBytes: number
  readonly #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * Adds a chunk of the body.
   *
   * @throws UnreadableResponseError if the body exceeds the limit.
   */
  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) {
      throw new UnreadableResponseError(`response larger than ${this.#maxBytes} bytes`)
    }
    this.#chunks.push(chunk)
  }

  /**
   * Decodes the body. A byte order mark is kept, so that such a body is not valid JSON (RFC 8259 section 8.1).
   *
   * @throws UnreadableResponseError if the body is not UTF-8.
   */
  decode(): string {
    const bytes = Buffer.concat(this.#chunks, this.#bytes)
    if (!isUtf8(bytes)) throw new UnreadableResponseError('response that is not UTF-8')
    return bytes.toString('utf8')
  }
}
