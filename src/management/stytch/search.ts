import { ownOptions } from '../../options/read-options.js'
import { requiredText, textList, wholeNumber } from '../../options/readers.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { ENDLESS_LIST, Listing, captureResult, type Page } from '../api/listing.js'
import { nonEmptyString, number, record, records } from '../../util/members.js'
import type { StytchApi, StytchCall } from './api.js'
import { readStytchClient, type StytchClient } from './client.js'
import type { CallOptions } from '../api/call.js'

/** What {@link StytchClients.search} takes; without a query it finds all clients. */
export interface StytchSearchInput {
  readonly query?: StytchSearchQuery
  /** How many a page has, from 1 to 1000. Default: Stytch's, which is 100. */
  readonly limit?: number
  /** Where to go on: the `nextCursor` of a page of the same search. */
  readonly cursor?: string
}

/** What is looked for. */
export interface StytchSearchQuery {
  /** Whether all operands must hold, or one is enough. Default `'AND'`. */
  readonly operator?: 'AND' | 'OR'
  /** At least one. */
  readonly operands: readonly StytchSearchOperand[]
}

/** Holds for a client with one of these ids, with one of these very names, or with one of these scopes. */
export interface StytchSearchOperand {
  readonly filterName: 'client_id' | 'client_name' | 'scopes'
  /** At least one. */
  readonly filterValue: readonly string[]
}

/** One page of a search. */
export interface StytchClientPage extends Page<StytchClient> {
  /** How many there are altogether; undefined where the workspace has totals switched off. */
  readonly total: number | undefined
  /** Where the next page starts; undefined after the last. */
  readonly nextCursor: string | undefined
}

const OPERATION = 'stytchClients.search'
const FILTERS = ['client_id', 'client_name', 'scopes']

/** The pages of a search. Only the cursor says whether there is a further one: a total may be kept back. */
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
  if (found === undefined) throw api.unreadable(call, 'a list of clients')
  const items = found.map((item) => {
    const client = readStytchClient(item)
    if (typeof client === 'string') throw api.unreadable(call, client)
    return Object.freeze(client)
  })
  const metadata = record(json, 'results_metadata') ?? {}
  const total = number(metadata, 'total')
  const nextCursor = nonEmptyString(metadata, 'next_cursor')
  if (nextCursor !== undefined && nextCursor === body['cursor'])
    throw api.unreadable(call, 'a cursor that leads any further')
  return Object.freeze({
    items: Object.freeze(items),
    total: total === undefined || total < 0 ? undefined : total,
    nextCursor,
  })
}

function readSearchInput(input: StytchSearchInput): Readonly<Record<string, unknown>> {
  const own = ownOptions<StytchSearchInput>(OPERATION, input, { query: true, limit: true, cursor: true })
  const { query, limit, cursor } = own
  return {
    cursor: cursor === undefined ? undefined : requiredText(`${OPERATION}.cursor`, cursor),
    limit:
      limit === undefined ? undefined : wholeNumber(`${OPERATION}.limit`, limit, 100, { min: 1, max: 1000 }),
    query: query === undefined ? undefined : readQuery(`${OPERATION}.query`, query),
  }
}

function readQuery(where: string, query: StytchSearchQuery): Readonly<Record<string, unknown>> {
  const { operator = 'AND', operands } = ownOptions<StytchSearchQuery>(where, query, {
    operator: true,
    operands: true,
  })
  if (!['AND', 'OR'].includes(operator))
    throw new ConfigurationError(`${where}.operator`, "must be 'AND' or 'OR'")
  // Stytch takes a query without operands for one that every client meets.
  if (!Array.isArray(operands) || operands.length === 0)
    throw new ConfigurationError(
      `${where}.operands`,
      'must not be empty: leave query out to find all clients',
    )
  return {
    operator,
    operands: (operands as readonly StytchSearchOperand[]).map((operand, index) =>
      readOperand(`${where}.operands[${index}]`, operand),
    ),
  }
}

function readOperand(where: string, operand: StytchSearchOperand): Readonly<Record<string, unknown>> {
  const own = ownOptions<StytchSearchOperand>(where, operand, { filterName: true, filterValue: true })
  if (!FILTERS.includes(own.filterName))
    throw new ConfigurationError(`${where}.filterName`, `must be one of ${FILTERS.join(', ')}`)
  return {
    filter_name: own.filterName,
    filter_value: textList(`${where}.filterValue`, own.filterValue),
  }
}
