import { ConfigurationError } from '../../options/configuration-error.js'
import type { AuthleteApi } from './api.js'
import { clientIdentifier, readInput } from './input.js'
import {
  readListedClient,
  readListedToken,
  type AuthleteListedClient,
  type AuthleteListedToken,
} from './response.js'
import type { AuthleteListInput } from './types.js'
import { optionals, type TableOf, allRestricting } from '../../options/reader.js'
import { integer, nonEmptyString } from '../../options/readers.js'
import { Listing, type Page } from '../api/listing.js'
import { number, records } from '../../util/members.js'
import type { CallOptions } from '../api/call.js'

/** One page of a list of tokens: from `start` to before `end`. */
export interface AuthleteTokenPage extends Page<AuthleteListedToken> {
  /** Index of the first token of the page, counted from 0. */
  readonly start: number
  /** Index after the last requested token. The last page may contain fewer tokens. */
  readonly end: number
  /** The client that the list is limited to, if any. */
  readonly client: AuthleteListedClient | undefined
}

const PAGE_SIZE = 100

/** Lists the tokens of a service page by page. The input is read, and the first page requested, only when the list is awaited or iterated. */
export function listTokens(
  api: AuthleteApi,
  where: string,
  input: AuthleteListInput,
  options: CallOptions | undefined,
): Listing<AuthleteListedToken, AuthleteTokenPage> {
  const plan = (): Plan => (planned ??= readPlan(where, input))
  let planned: Plan | undefined
  const fetchFrom = async (start: number): Promise<AuthleteTokenPage> => {
    const { filter, last, pageSize } = plan()
    const end = Math.min(start + pageSize, last)
    const { json, incomplete } = await api.call({
      name: 'list',
      method: 'GET',
      path: '/auth/token/get/list',
      query: { ...filter, start, end },
      isRead: true,
      secrets: [],
      options,
    })
    const items = records(json, 'accessTokens')?.map(readListedToken)
    if (items?.every((item) => item !== undefined) !== true) throw incomplete('no list of tokens')
    const client = readListedClient(json)
    return Object.freeze({
      items: Object.freeze(items),
      total: number(json, 'totalCount'),
      start,
      end,
      client,
    })
  }
  return new Listing(
    async () => fetchFrom(plan().first),
    ({ items, total, start }) => {
      const { last } = plan()
      // A page may have fewer tokens than requested. The next page starts after the last one received.
      const reached = start + items.length
      // An empty page ends the list, so that a wrong total cannot make it endless.
      const isLast = items.length === 0 || reached >= Math.min(last, total ?? Number.POSITIVE_INFINITY)
      return isLast ? undefined : fetchFrom(reached)
    },
    () => api.endlessListError('list'),
  )
}

interface Plan {
  readonly filter: Readonly<Record<string, string>>
  readonly first: number
  /** The index after the last token. */
  readonly last: number
  readonly pageSize: number
}

const INPUT = {
  ...allRestricting(optionals({ clientId: clientIdentifier, subject: nonEmptyString })),
  ...optionals({
    start: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    end: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    limit: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  }),
} satisfies TableOf<AuthleteListInput>

function readPlan(where: string, input: AuthleteListInput): Plan {
  const { start: first = 0, end, limit, clientId, subject } = readInput(where, input, INPUT)
  const last = end ?? Number.POSITIVE_INFINITY
  if (last <= first) throw new ConfigurationError(`${where}.end`, 'must be greater than start')
  const pageSize = limit ?? (end === undefined ? PAGE_SIZE : last - first)
  const filter = {
    ...(clientId === undefined ? {} : { clientIdentifier: clientId }),
    ...(subject === undefined ? {} : { subject }),
  }
  return { filter, first, last, pageSize }
}
