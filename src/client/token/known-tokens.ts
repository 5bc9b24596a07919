/** Number of issued tokens that are looked for in every encoding. */
const MAX_RECENT = 100
/** Shorter tokens are not looked for, because they occur in other words. */
const SHORTEST = 8

/** The tokens that the issuer has issued to a source, which no error may contain. */
export class KnownTokens {
  readonly #recent = new Set<string>()
  readonly #held: () => readonly string[]

  /** `held` returns the cached tokens of all sets. */
  constructor(held: () => readonly string[]) {
    this.#held = held
  }

  /** Records an issued token. */
  add(token: string): void {
    this.#recent.delete(token)
    this.#recent.add(token)
    const [oldest] = this.#recent
    if (this.#recent.size > MAX_RECENT && oldest !== undefined) this.#recent.delete(oldest)
  }

  /**
   * Returns the tokens that a string may contain: the last 100 that are short enough, because it may contain an encoding of them, and
   * all cached ones that it contains as they are. Most strings are shorter than a token.
   */
  readonly in = (text: string): readonly string[] => {
    const visible = text.replace(/[^\x21-\x7e]/g, '')
    const isPossible = (token: string): boolean => token.length >= SHORTEST && token.length <= text.length
    const recent = [...this.#recent].filter(isPossible)
    return [...recent, ...this.#held().filter((token) => isPossible(token) && visible.includes(token))]
  }
}
