import { ConfigurationError } from '../../options/configuration-error.js'
import type { AuthleteApi } from './api.js'
import { readInput } from './input.js'
import {
  readListedClient,
  readListedToken,
  type AuthleteListedClient,
  type AuthleteListedToken,
} from './response.js'
import type { AuthleteListInput } from './types.js'
import { optionals, type TableOf } from '../../options/reader.js'
import { integer, nonEmptyString } from '../../options/readers.js'
import { Listing, type Page } from '../api/listing.js'
import { number, records } from '../../util/members.js'
import type { CallOptions } from '../api/call.js'

/** One page of a list of tokens: those from `start` on, before `end`. */
export interface AuthleteTokenPage extends Page<AuthleteListedToken> {
  readonly start: number
  readonly end: number
  /** The client the list was limited to, if it was. */
  readonly client: AuthleteListedClient | undefined
}

const PAGE_SIZE = 100

/** The tokens of a service, page by page. Nothing is read or asked before somebody wants the first page. */
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
    const { json, lacking } = await api.call({
      name: 'list',
      method: 'GET',
      path: '/auth/token/get/list',
      query: { ...filter, start, end },
      isRead: true,
      secrets: [],
      options,
    })
    const items = records(json, 'accessTokens')?.map(readListedToken)
    if (items?.every((item) => item !== undefined) !== true) throw lacking('a list of tokens')
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
      // A page may have fewer than were asked for: what is left out of it comes next.
      const reached = start + items.length
      // A total that is wrong must not make this go on for ever: after an empty page nothing comes.
      const isLast = items.length === 0 || reached >= Math.min(last, total ?? Number.POSITIVE_INFINITY)
      return isLast ? undefined : fetchFrom(reached)
    },
    () => api.endless('list'),
  )
}

interface Plan {
  readonly filter: Readonly<Record<string, string>>
  readonly first: number
  /** The first that is not wanted any more. */
  readonly last: number
  readonly pageSize: number
}

const INPUT = optionals({
  clientIdentifier: nonEmptyString,
  subject: nonEmptyString,
  start: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  end: integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  pageSize: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
}) satisfies TableOf<AuthleteListInput>

function readPlan(where: string, input: AuthleteListInput): Plan {
  const { start: first = 0, end, pageSize, ...filter } = readInput(where, input, INPUT)
  const last = end ?? Number.POSITIVE_INFINITY
  if (last <= first) throw new ConfigurationError(`${where}.end`, 'must be beyond start')
  const size = pageSize ?? (end === undefined ? PAGE_SIZE : last - first)
  return { filter: filter as Readonly<Record<string, string>>, first, last, pageSize: size }
}
