import { createHash } from 'node:crypto'

/** Pages in a row without anything new, after which a vendor is taken to go round in circles. */
const MAX_PAGES_WITHOUT_NEW_ITEMS = 5

/** What an endless list lacks, for the error's sentence. */
export const ENDLESS_LIST = 'an end: it gives the same pages, or empty ones, again and again'

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
  readonly #endless: () => Error
  #firstPage: Promise<P> | undefined

  /**
   * `after` fetches the page that follows one; undefined if that was the last. `endless` is the error of a list that
   * goes on and on without bringing anything new.
   */
  constructor(first: () => Promise<P>, after: (page: P) => Promise<P> | undefined, endless: () => Error) {
    this.#first = first
    this.#after = after
    this.#endless = endless
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
    const seen = new Set<string>()
    let barren = 0
    let page: P | undefined = await this
    while (page !== undefined) {
      const digest = createHash('sha256').update(JSON.stringify(page.items)).digest('base64')
      barren = page.items.length === 0 || seen.has(digest) ? barren + 1 : 0
      if (barren > MAX_PAGES_WITHOUT_NEW_ITEMS) throw this.#endless()
      seen.add(digest)
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
export function captureResult<T>(action: () => T): () => T {
  try {
    const value = action()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}
