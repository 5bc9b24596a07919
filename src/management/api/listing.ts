import { createHash } from 'node:crypto'

/** Number of consecutive pages without new items after which a list is considered endless. */
const MAX_PAGES_WITHOUT_NEW_ITEMS = 5

/** The problem with an endless list, for error messages. */
export const ENDLESS_LIST = 'the same or empty pages repeatedly, so the listing stopped'

/** One page of a list. */
export interface Page<T> {
  /** Items of this page, in the order of the vendor. */
  readonly items: readonly T[]
  /** Total number of items; `undefined` if the vendor does not report it. */
  readonly total: number | undefined
}

/**
 * A list that is fetched page by page. Awaiting it returns the first page. Iterating over it returns every item;
 * the next page is fetched after the items of the previous one.
 *
 * @example
 * ```ts
 * const { items, total } = await tokens.list({ subject })
 * for await (const { tokenId } of tokens.list({ subject })) console.log(tokenId)
 * ```
 */
export class Listing<T, P extends Page<T> = Page<T>> implements PromiseLike<P>, AsyncIterable<T> {
  readonly #first: () => Promise<P>
  readonly #after: (page: P) => Promise<P> | undefined
  readonly #endless: () => Error
  #firstPage: Promise<P> | undefined

  /**
   * `after` fetches the page that follows a page, or returns `undefined` after the last one. `endless` creates
   * the error for a list that continues without new items.
   */
  constructor(first: () => Promise<P>, after: (page: P) => Promise<P> | undefined, endless: () => Error) {
    this.#first = first
    this.#after = after
    this.#endless = endless
  }

  /** Resolves with the first page. It is requested on the first call, once. */
  then<A = P, B = never>(
    onFulfilled?: ((page: P) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#firstPage ??= this.#first()).then(onFulfilled, onRejected)
  }

  /**
   * Iterates over the pages, including the first. A page that cannot be fetched rejects; earlier pages have been
   * delivered.
   *
   * @example
   * ```ts
   * for await (const { items } of tokens.list({ subject }).pages()) console.log(items.length)
   * ```
   */
  async *pages(): AsyncGenerator<P, void, undefined> {
    const seen = new Set<string>()
    let pagesWithoutNewItems = 0
    let page: P | undefined = await this
    while (page !== undefined) {
      const digest = createHash('sha256').update(JSON.stringify(page.items)).digest('base64')
      pagesWithoutNewItems = page.items.length === 0 || seen.has(digest) ? pagesWithoutNewItems + 1 : 0
      if (pagesWithoutNewItems > MAX_PAGES_WITHOUT_NEW_ITEMS) throw this.#endless()
      seen.add(digest)
      yield page
      page = await this.#after(page)
    }
  }

  /** Iterates over the items of all pages. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const { items } of this.pages()) yield* items
  }
}

/**
 * Runs an action now and returns a function that returns its result or throws its error. A change of the input
 * between two pages then has no effect.
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
