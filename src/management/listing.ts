/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[]
  /** How many there are altogether, where the vendor says so. */
  readonly total: number | undefined
}

/**
 * A list that the vendor gives page by page. Awaiting it gives the first page; iterating over it gives every
 * item, fetching a further page only once the one before is used up.
 *
 * ```ts
 * const { items, total } = await tokens.list({ subject })
 * for await (const token of tokens.list({ subject })) console.log(token.id)
 * ```
 */
export class Listing<T, P extends Page<T> = Page<T>> implements PromiseLike<P>, AsyncIterable<T> {
  readonly #first: () => Promise<P>
  readonly #after: (page: P) => Promise<P> | undefined
  #firstPage: Promise<P> | undefined

  /** `after` fetches the page that follows one; undefined if that was the last. */
  constructor(first: () => Promise<P>, after: (page: P) => Promise<P> | undefined) {
    this.#first = first
    this.#after = after
  }

  /** The first page: nothing is asked for before somebody wants it, and it is asked for once. */
  then<A = P, B = never>(
    onFulfilled?: ((page: P) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#firstPage ??= this.#first()).then(onFulfilled, onRejected)
  }

  /** Page by page, the first included. A page that cannot be fetched rejects; what came before is not lost. */
  async *pages(): AsyncGenerator<P, void, undefined> {
    let page: P | undefined = await this
    while (page !== undefined) {
      yield page
      page = await this.#after(page)
    }
  }

  /** Item by item, over all pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { items } of this.pages()) yield* items
  }
}

/**
 * Reads the input of a list now, so that a change of it between two pages changes nothing; gives what came of it, or
 * throws it, whenever it is asked for.
 */
export function settled<T>(action: () => T): () => T {
  try {
    const value = action()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
