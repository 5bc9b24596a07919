import { Buffer, isUtf8 } from 'node:buffer'
import { UnreadableResponseError } from '../exchange-error.js'

/** Collects the bytes of a body up to a limit, and decodes them. */
export class ResponseText {
  readonly #maxBytes: number
  readonly #chunks: Uint8Array[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @throws UnreadableResponseError once there are more bytes than the limit. */
  add(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength
    if (this.#bytes > this.#maxBytes) {
      throw new UnreadableResponseError(`answer larger than ${this.#maxBytes} bytes`)
    }
    this.#chunks.push(chunk)
  }

  /**
   * Decodes the body. A byte order mark stays in the text, where JSON does not allow it: RFC 8259 section 8.1.
   *
   * @throws UnreadableResponseError for bytes that are not UTF-8.
   */
  decode(): string {
    const bytes = Buffer.concat(this.#chunks, this.#bytes)
    if (!isUtf8(bytes)) throw new UnreadableResponseError('answer that is not UTF-8')
    return bytes.toString('utf8')
  }
}
