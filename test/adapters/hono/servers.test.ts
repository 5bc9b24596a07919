import type { Server } from 'node:http'
import * as current from '@hono/node-server'
import { Hono } from 'hono'
import * as server113 from 'hono-node-server-1.13'
import * as server119 from 'hono-node-server-1.19'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { accessToken, guard, requireScopes } from '../../../adapters/hono.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { close, listen } from '../frameworks/server.js'
import { bearer, createIssuer, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

describe.each([
  { name: '1.13', createServer: server113.createAdaptorServer },
  { name: '1.19', createServer: server119.createAdaptorServer },
  { name: '2', createServer: current.createAdaptorServer },
])('on @hono/node-server $name, with the global Response that it replaces', ({ createServer }) => {
  it.each([
    { onRefusal: undefined, status: 401 },
    // Not an instance of the replaced global.
    { onRefusal: () => Response.json({}, { status: 418 }), status: 418 },
  ])('requests pass, and refusals have the status $status', async ({ onRefusal, status }) => {
    const app = new Hono()
    app.use(guard(verifierFor(issuer), {}, onRefusal === undefined ? {} : { onRefusal }))
    app.post('/', requireScopes('orders:read'), async (c) =>
      c.json({ subject: accessToken(c).subject, body: await c.req.json<unknown>() }),
    )
    const server = createServer({ fetch: app.fetch }) as Server
    const url = `http://127.0.0.1:${await listen(server)}/`
    onTestFinished(() => close(server))
    const send = (headers: Record<string, string>) => fetch(url, { method: 'POST', body: '[7]', headers })

    const accepted = await send(bearer(issuer.mintJwt({ subject: 'billing', scopes: 'orders:read' })))
    expect([accepted.status, await accepted.json()]).toEqual([200, { subject: 'billing', body: [7] }])
    expect((await send({})).status).toBe(status)
    expect((await send(bearer('invalid'))).status).toBe(status)
    const unauthorized = await send(bearer(issuer.mintJwt({ scopes: 'other' })))
    expect(unauthorized.status).toBe(onRefusal === undefined ? 403 : status)
  })
})
