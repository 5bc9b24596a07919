import { nested, readOptions } from '../../options/read-options.js'
import { custom, optional, type TableOf, restricting } from '../../options/reader.js'
import * as readers from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { ENDLESS_LIST, Listing, captureResult, type Page } from '../api/listing.js'
import { nonEmptyString, number, record, records } from '../../util/members.js'
import type { StytchApi, StytchCall } from './api.js'
import { readStytchClient, type StytchClient } from './client.js'
import type { CallOptions } from '../api/call.js'

/** Input of {@link StytchClients.search}. Without a query it finds all clients. */
export interface StytchSearchInput {
  /** Filter for clients. Without it the search finds all clients. */
  readonly query?: StytchSearchQuery
  /**
   * Number of clients per page, from 1 to 1000.
   *
   * @defaultValue Stytch's default, 100
   */
  readonly limit?: number
  /** Start of the page: the `nextCursor` of a page of the same search. */
  readonly cursor?: string
}

/** A search query. */
export interface StytchSearchQuery {
  /**
   * Whether a client must match all operands or one of them.
   *
   * @defaultValue `'AND'`
   */
  readonly operator?: 'AND' | 'OR'
  /** At least one. */
  readonly operands: readonly StytchSearchOperand[]
}

/** Matches clients with one of these ids, one of these exact names, or one of these scopes. */
export interface StytchSearchOperand {
  /** Field of the client that is compared (`filter_name`). */
  readonly filterName: 'client_id' | 'client_name' | 'scopes'
  /** At least one. */
  readonly filterValue: readonly string[]
}

/** One page of a search. */
export interface StytchClientPage extends Page<StytchClient> {
  /** Total number of clients; `undefined` if the workspace does not report totals. */
  readonly total: number | undefined
  /** Start of the next page; `undefined` after the last. */
  readonly nextCursor: string | undefined
}

const OPERATION = 'stytchClients.search'

/**
 * Returns the pages of a search. Only the cursor says whether there is another page, because the total may be
 * hidden.
 */
export function searchClients(
  api: StytchApi,
  input: StytchSearchInput,
  options: CallOptions,
): Listing<StytchClient, StytchClientPage> {
  const body = captureResult(() => readSearchInput(input))
  return new Listing(
    async () => fetchPage(api, body(), options),
    ({ nextCursor }) =>
      nextCursor === undefined ? undefined : fetchPage(api, { ...body(), cursor: nextCursor }, options),
    () => api.unreadable({ operation: OPERATION, isRead: true }, ENDLESS_LIST),
  )
}

async function fetchPage(
  api: StytchApi,
  body: Readonly<Record<string, unknown>>,
  options: CallOptions,
): Promise<StytchClientPage> {
  const path = '/v1/m2m/clients/search'
  const call: StytchCall = { operation: OPERATION, method: 'POST', path, json: body, isRead: true, options }
  const { json } = await api.call(call)
  const found = records(json, 'm2m_clients')
  if (found === undefined) throw api.unreadable(call, 'no list of clients')
  const items = found.map((item) => {
    const client = readStytchClient(item)
    if (typeof client === 'string') throw api.unreadable(call, client)
    return Object.freeze(client)
  })
  const metadata = record(json, 'results_metadata') ?? {}
  const total = number(metadata, 'total')
  const nextCursor = nonEmptyString(metadata, 'next_cursor')
  if (nextCursor !== undefined && nextCursor === body['cursor'])
    throw api.unreadable(call, 'the same cursor again')
  return Object.freeze({
    items: Object.freeze(items),
    total: total === undefined || total < 0 ? undefined : total,
    nextCursor,
  })
}

const operands = readers.listOf(
  nested('operand', {
    filterName: readers.oneOf(['client_id', 'client_name', 'scopes']),
    filterValue: readers.stringList,
  } satisfies TableOf<StytchSearchOperand>),
)

const QUERY = {
  operator: readers.oneOf(['AND', 'OR'], 'AND'),
  operands: custom(operands.describe, (option, value) => {
    if (Array.isArray(value) && value.length > 0) return operands.read(option, value)
    // Stytch treats a query without operands as one that every client matches.
    throw new ConfigurationError(option, 'must not be empty. Omit query to find all clients')
  }),
} satisfies TableOf<StytchSearchQuery>

const SEARCH = {
  query: restricting(optional(nested('query', QUERY))),
  limit: optional(readers.integer({ min: 1, max: 1000 })),
  cursor: optional(readers.nonEmptyString),
} satisfies TableOf<StytchSearchInput>

function readSearchInput(input: StytchSearchInput): Readonly<Record<string, unknown>> {
  const { query, limit, cursor } = readOptions(OPERATION, input, SEARCH)
  return {
    cursor,
    limit,
    query: query && {
      operator: query.operator,
      operands: query.operands.map((operand) => ({
        filter_name: operand.filterName,
        filter_value: operand.filterValue,
      })),
    },
  }
}
