/** Number of tokens whose time of forgetting is kept. Beyond it, results from before the oldest of them count as forgotten. */
const MOST = 1000

/** When tokens were forgotten, so that no result from before is used, also if the store could not delete it. */
export class ForgottenTokens {
  readonly #times = new Map<string, number>()
  #floor = Number.NEGATIVE_INFINITY

  /** Adds a token, by its digest, at a monotonic time in seconds. */
  add(digest: string, elapsed: number): void {
    this.#times.delete(digest)
    this.#times.set(digest, elapsed)
    if (this.#times.size <= MOST) return
    const oldest = this.#times.entries().next().value
    if (oldest === undefined) return
    this.#times.delete(oldest[0])
    this.#floor = Math.max(this.#floor, oldest[1])
  }

  /** Returns the monotonic time from which on results about a token may be used. */
  since(digest: string): number {
    return this.#times.get(digest) ?? this.#floor
  }
}
