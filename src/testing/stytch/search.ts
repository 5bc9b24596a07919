import type { TestResponse, Fields } from '../server/http.js'
import type { IssuerState } from '../state/state.js'
import { badRequest, stytchResponse } from './responses.js'
import { describeStytchClient, type StytchClientRecord } from './clients.js'

const FILTERS: Readonly<Record<string, (client: StytchClientRecord, values: readonly unknown[]) => boolean>> =
  {
    client_id: ({ clientId }, values) => values.includes(clientId),
    client_name: ({ name }, values) => values.includes(name),
    scopes: ({ scopes }, values) => (scopes ?? []).some((scope) => values.includes(scope)),
  }

type Filter = (client: StytchClientRecord) => boolean

/** Searches clients, page by page in the order they were created in. */
export function searchClients(state: IssuerState, fields: Fields): TestResponse {
  const { limit = 100, cursor = null } = fields
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > 1000)
    return badRequest('limit must be an integer from 1 to 1000.')
  const after = cursor === null ? 0 : positionOf(cursor)
  if (after === undefined) return badRequest('The cursor is not valid.')
  const filter = filterOf(fields['query'] ?? {})
  if (typeof filter === 'string') return badRequest(filter)

  const found = state.stytch.clients.list().filter(filter)
  const rest = found.filter(({ sequence }) => sequence > after)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  const isMore = rest.length > page.length && last !== undefined
  return stytchResponse(200, {
    m2m_clients: page.map((client) => describeStytchClient(client)),
    results_metadata: { total: found.length, next_cursor: isMore ? cursorAfter(last) : null },
  })
}

function cursorAfter({ sequence }: StytchClientRecord): string {
  return Buffer.from(`after:${sequence}`).toString('base64')
}

function positionOf(cursor: unknown): number | undefined {
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64').toString('utf8') : ''
  const position = /^after:(\d+)$/.exec(text)?.[1]
  return position === undefined ? undefined : Number(position)
}

/** Returns a filter, or a string with the problem. A query without operands matches every client. */
function filterOf(query: unknown): Filter | string {
  if (!isObject(query)) return 'query must be an object.'
  const { operator = 'AND', operands = [] } = query
  if (operator !== 'AND' && operator !== 'OR') return 'operator must be AND or OR.'
  if (!Array.isArray(operands)) return 'operands must be a list.'
  const filters = operands.map(operandOf)
  const wrong = filters.find((filter) => typeof filter === 'string')
  if (wrong !== undefined) return wrong
  const all = filters.filter((filter) => typeof filter !== 'string')
  if (all.length === 0) return () => true
  return (client) =>
    operator === 'AND' ? all.every((holds) => holds(client)) : all.some((holds) => holds(client))
}

function operandOf(operand: unknown): Filter | string {
  if (!isObject(operand)) return 'An operand must be an object.'
  const { filter_name: name, filter_value: values } = operand
  const filter = typeof name === 'string' && Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
  if (filter === undefined) return `filter_name must be one of ${Object.keys(FILTERS).join(', ')}.`
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string'))
    return 'filter_value must be a list of strings.'
  return (client) => filter(client, values)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
