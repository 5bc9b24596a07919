import type { ClerkToken } from './token.js'
import { Listing, type Page } from '../api/listing.js'

/** One response of the list endpoint. */
export interface ClerkPage extends Page<ClerkToken> {
  readonly offset: number
}

/** How far a walk through the pages has come. */
interface Position {
  /** Where the next page starts, unless tokens have moved. */
  readonly offset: number
  readonly total: number
  /** The ids that were given already. */
  readonly seen: ReadonlySet<string>
}

/**
 * The pages of a list that is counted from its newest token. While somebody walks through it, tokens are
 * created, which moves the others back, and revoked, often by the walk itself, which moves them up: without
 * care, a loop that revokes every token would leave out every second page.
 */
export function offsetListing(
  fetchPage: (offset?: number) => Promise<ClerkPage>,
  endless: () => Error,
): Listing<ClerkToken> {
  const positions = new WeakMap<Page<ClerkToken>, Position>()

  function place({ offset, items, total }: ClerkPage, before: ReadonlySet<string>): Page<ClerkToken> {
    const page = Object.freeze({
      items: Object.freeze(items.filter(({ tokenId }) => !before.has(tokenId))),
      total,
    })
    const next = offset + items.length
    if (total !== undefined && items.length > 0 && next < total) {
      positions.set(page, {
        offset: next,
        total,
        seen: new Set([...before, ...items.map(({ tokenId }) => tokenId)]),
      })
    }
    return page
  }

  async function following({ offset, total, seen }: Position): Promise<Page<ClerkToken>> {
    for (let [at, known] = [offset, total]; ;) {
      const page = await fetchPage(at)
      const gone = known - (page.total ?? known)
      if (gone <= 0 || at === 0) return place(page, seen)
      at = Math.max(0, at - gone)
      known -= gone
    }
  }

  return new Listing(
    async () => place(await fetchPage(), new Set()),
    (page) => {
      const position = positions.get(page)
      return position === undefined ? undefined : following(position)
    },
    endless,
  )
}
