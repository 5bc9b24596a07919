import type { ClerkToken } from './token.js'
import { Listing, type Page } from '../api/listing.js'

/** One response of the list endpoint. */
export interface ClerkPage extends Page<ClerkToken> {
  readonly offset: number
}

/** Progress of an iteration over the pages. */
interface Position {
  /** Offset of the next page, if no tokens have moved. */
  readonly offset: number
  readonly total: number
  /** Ids of the tokens that were returned already. */
  readonly seen: ReadonlySet<string>
}

/**
 * Iterates over a list that is sorted by creation, newest first. New tokens move the others back. Revoked tokens,
 * often revoked by the same loop, move them forward. Without a correction a loop that revokes every token would
 * skip every second page.
 */
export function offsetListing(
  fetchPage: (offset?: number) => Promise<ClerkPage>,
  endless: () => Error,
): Listing<ClerkToken> {
  const positions = new WeakMap<Page<ClerkToken>, Position>()

  function withPosition(
    { offset, items, total }: ClerkPage,
    seenBefore: ReadonlySet<string>,
  ): Page<ClerkToken> {
    const page = Object.freeze({
      items: Object.freeze(items.filter(({ tokenId }) => !seenBefore.has(tokenId))),
      total,
    })
    const next = offset + items.length
    if (total !== undefined && items.length > 0 && next < total) {
      positions.set(page, {
        offset: next,
        total,
        seen: new Set([...seenBefore, ...items.map(({ tokenId }) => tokenId)]),
      })
    }
    return page
  }

  async function fetchFollowing({ offset, total, seen }: Position): Promise<Page<ClerkToken>> {
    for (let [pageOffset, expectedTotal] = [offset, total]; ;) {
      const page = await fetchPage(pageOffset)
      const removed = expectedTotal - (page.total ?? expectedTotal)
      if (removed <= 0 || pageOffset === 0) return withPosition(page, seen)
      pageOffset = Math.max(0, pageOffset - removed)
      expectedTotal -= removed
    }
  }

  return new Listing(
    async () => withPosition(await fetchPage(), new Set()),
    (page) => {
      const position = positions.get(page)
      return position === undefined ? undefined : fetchFollowing(position)
    },
    endless,
  )
}
