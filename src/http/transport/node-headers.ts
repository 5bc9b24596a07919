import type { ResponseHeaders } from './messages.js'

/**
 * Headers of a response, read from `rawHeaders`. `IncomingMessage.headers` drops a second `Content-Type`, which must be
 * detected. Creating a `Headers` would cost as much as the rest of reading a small response.
 */
export class NodeHeaders implements ResponseHeaders {
  readonly #raw: readonly string[]

  constructor(rawHeaders: readonly string[]) {
    this.#raw = rawHeaders
  }

  get(name: string): string | null {
    const lowerCase = name.toLowerCase()
    let joined: string | null = null
    for (let index = 0; index + 1 < this.#raw.length; index += 2) {
      if (this.#raw[index]?.toLowerCase() !== lowerCase) continue
      const value = this.#raw[index + 1] ?? ''
      joined = joined === null ? value : `${joined}, ${value}`
    }
    return joined
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }
}
