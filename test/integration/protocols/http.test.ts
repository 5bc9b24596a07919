import type {
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
} from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { rowsOf, codeIn, readPaper } from '../docs/programs/support.js'
import {
  accepted,
  expectRefusal,
  PAGE,
  REFUSED,
  REFUSED_WITH_ONE_HEADER,
  runRecipe,
  send,
  type Answer,
  type RunningRecipe,
} from './support.js'

interface Recipe {
  readonly title: string
  /** An expression that the handler evaluates. */
  readonly handler: string
  /** Sends a request with these `Authorization` headers. */
  readonly call: (running: RunningRecipe, authorization: readonly string[]) => Promise<Answer>
  /** What the response contains for the client `billing`. */
  readonly response?: unknown
  /** What it must refuse, if it cannot be everything. */
  readonly refused?: typeof REFUSED
}

const ORDERS = { orders: [], client: 'billing' }

type Handler<Event> = (event: Event) => Promise<APIGatewayProxyStructuredResultV2>

function answerOf({ statusCode, headers = {}, body = '' }: APIGatewayProxyStructuredResultV2): Answer {
  const lowerCase = Object.entries(headers).map(([name, value]): [string, unknown] => [
    name.toLowerCase(),
    value,
  ])
  return { status: statusCode!, headers: Object.fromEntries(lowerCase), body }
}

/** As API Gateway sends it: `headers` has the last of several values. */
function restEvent(authorization: readonly string[]): Partial<APIGatewayProxyEvent> {
  const last = authorization.at(-1)
  return {
    resource: '/orders',
    path: '/orders',
    httpMethod: 'GET',
    headers: { Host: 'api.example.com', ...(last === undefined ? {} : { Authorization: last }) },
    multiValueHeaders: {
      Host: ['api.example.com'],
      ...(last === undefined ? {} : { Authorization: [...authorization] }),
    },
    queryStringParameters: null,
    body: null,
    isBase64Encoded: false,
  }
}

/** Names are in lower case, and several values are joined. */
function httpEvent(authorization: readonly string[]): Partial<APIGatewayProxyEventV2> {
  const http = {
    method: 'GET',
    path: '/orders',
    protocol: 'HTTP/1.1',
    sourceIp: '192.0.2.1',
    userAgent: 'test',
  }
  return {
    version: '2.0',
    routeKey: 'GET /orders',
    rawPath: '/orders',
    rawQueryString: '',
    headers: {
      host: 'api.example.com',
      ...(authorization.length === 0 ? {} : { authorization: authorization.join(',') }),
    },
    requestContext: { http } as APIGatewayProxyEventV2['requestContext'],
    isBase64Encoded: false,
  }
}

const lambda = (
  what: string,
  eventOf: (authorization: readonly string[]) => object,
  refused = REFUSED,
): [string, Recipe] => [
  `AWS Lambda, ${what}`,
  {
    title: 'AWS Lambda',
    handler: '{ orders: [], client: decision.token.clientId }',
    call: async ({ exports }, authorization) =>
      answerOf(await (exports['handler'] as Handler<object>)(eventOf(authorization))),
    refused,
  },
]

const overHttp =
  (path: string): Recipe['call'] =>
  ({ urls }, authorization) =>
    send(urls[0]! + path, { authorization })

const RECIPES: readonly [string, Recipe][] = [
  [
    'node:http',
    {
      title: '`node:http`',
      handler: '{ orders: [], client: decision.token.clientId }',
      call: overHttp('/orders'),
    },
  ],
  lambda('payload format 1.0', restEvent),
  lambda('payload format 2.0', httpEvent),
  lambda(
    'a load balancer that sends one value per header',
    (authorization) => ({ ...restEvent(authorization), multiValueHeaders: undefined }),
    REFUSED_WITH_ONE_HEADER,
  ),
  [
    'tRPC',
    {
      title: 'tRPC',
      handler: '{ orders: [], client: ctx.token.clientId }',
      call: overHttp('/orders'),
      response: { result: { data: ORDERS } },
    },
  ],
  [
    'GraphQL Yoga',
    {
      title: 'GraphQL Yoga',
      handler: 'tokens.get(req)?.clientId',
      call: ({ urls }, authorization) =>
        send(`${urls[0]!}/graphql`, {
          authorization,
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"query":"{ client }"}',
        }),
      response: { data: { client: 'billing' } },
    },
  ],
  [
    'a route handler',
    {
      title: 'Next.js and other route handlers',
      handler: '{ orders: [], client: decision.token.clientId }',
      call: async ({ exports }, authorization) => {
        const request = new Request('http://api.test/orders')
        for (const value of authorization) request.headers.append('authorization', value)
        const response = await (exports['GET'] as (request: Request) => Promise<Response>)(request)
        const headers = Object.fromEntries(response.headers)
        return { status: response.status, headers, body: await response.text() }
      },
    },
  ],
  [
    'h3',
    {
      title: 'h3',
      handler: '{ orders: [], client: tokens.get(event.req)?.clientId }',
      call: overHttp('/orders'),
    },
  ],
]

describe.each(RECIPES)(
  'the recipe for %s',
  (_, { title, handler, call, response = ORDERS, refused = REFUSED }) => {
    it('accepts a request with a valid token', async () => {
      const running = await runRecipe(title, handler)
      const { status, body } = await call(running, [accepted(running.issuer)])
      expect([status, JSON.parse(body)]).toEqual([200, response])
      expect(running.hasHandled()).toBe(true)
    })

    it.each(refused)(
      'refuses a request with %s: %i, and no handler runs',
      async (_what, expected, authorization) => {
        const running = await runRecipe(title, handler)
        expectRefusal(await call(running, authorization(running.issuer)), expected)
        expect(running.hasHandled()).toBe(false)
      },
    )
  },
)

it.each(rowsOf(readPaper(PAGE), 'tRPC'))('tRPC sends the code of the table for $status', async (row) => {
  const running = await runRecipe('tRPC', '{ orders: [], client: ctx.token.clientId }')
  const status = Number(codeIn(row['`status`']))
  const [, , authorization] = REFUSED.find((refused) => refused[1] === status)!
  const { body } = await send(`${running.urls[0]!}/orders`, { authorization: authorization(running.issuer) })
  expect(JSON.parse(body)).toMatchObject({
    error: { data: { code: codeIn(row['tRPC']), httpStatus: status } },
  })
})

it('Yoga serves its health check and preflight requests without a token, and neither GraphiQL nor any other page', async () => {
  const { urls } = await runRecipe('GraphQL Yoga', 'tokens.get(req)?.clientId')
  const get = (path: string) => send(urls[0]! + path, { authorization: [], headers: { accept: 'text/html' } })
  expect((await get('/health')).status).toBe(200)
  const preflight = { origin: 'https://a.example', 'access-control-request-method': 'POST' }
  const options = { authorization: [], method: 'OPTIONS', headers: preflight }
  expect((await send(`${urls[0]!}/graphql`, options)).status).toBe(204)
  for (const path of ['/graphql', '/graphql?query=%7Bclient%7D', '/']) expectRefusal(await get(path), 401)
})

it('node:http closes the connection of a refused upload', async () => {
  const { urls } = await runRecipe('`node:http`', '{ orders: [], client: decision.token.clientId }')
  const { headers } = await send(urls[0]!, { authorization: [], method: 'POST', body: 'a' })
  expect(headers['connection']).toBe('close')
})
