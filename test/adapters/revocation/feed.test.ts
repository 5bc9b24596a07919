import { getRequestListener } from '@hono/node-server'
import Router from '@koa/router'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, it, onTestFinished } from 'vitest'
import { revocationFeed as inExpress } from '../../../adapters/express.js'
import { m2mGuard, revocationFeed as inFastify } from '../../../adapters/fastify.js'
import { revocationFeed as inKoa } from '../../../adapters/koa.js'
import { ConfigurationError, memoryRevocations, type Verifier } from '../../../src/index.js'
import { webhookReceiver } from '../../../src/revocation/index.js'
import { serve } from '../../support/servers/servers.js'
import { testBed } from '../../support/test-bed.js'

type Receiver = (request: Request) => Promise<Response>

const SECRET = `whsec_${randomBytes(24).toString('base64')}`
const PATH = '/webhooks'

const hosts: readonly {
  readonly name: string
  readonly start: (receive: Receiver, verifier: Verifier) => Promise<string>
}[] = [
  {
    name: 'Express',
    start: (receive) => serve(express().use(PATH, inExpress(receive)).use(express.json())),
  },
  {
    name: 'Express behind express.raw()',
    start: (receive) =>
      serve(
        express()
          .use(express.raw({ type: '*/*' }))
          .use(PATH, inExpress(receive)),
      ),
  },
  {
    name: 'Koa',
    start: (receive) => {
      const router = new Router()
      router.all(PATH, inKoa(receive))
      const answer = new Koa().use(router.routes()).callback()
      return serve((request, response) => void answer(request, response))
    },
  },
  {
    name: 'Fastify behind the plugin m2mGuard',
    start: async (receive, verifier) => {
      const app = fastify()
      await app.register(m2mGuard, { verifier })
      await app.register(inFastify(receive), { prefix: PATH })
      onTestFinished(() => app.close())
      return app.listen({ port: 0, host: '127.0.0.1' })
    },
  },
  {
    name: 'Hono',
    start: (receive) => {
      const app = new Hono().post(PATH, (c) => receive(c.req.raw))
      const listener = getRequestListener((request) => app.fetch(request), { overrideGlobalObjects: false })
      return serve((request, response) => void listener(request, response))
    },
  },
]

async function start(startHost: (typeof hosts)[number]['start']) {
  const bed = await testBed({ revocations: memoryRevocations() })
  const receive = webhookReceiver({
    secret: SECRET,
    verifier: bed.verifier,
    targets: () => [{ issuer: bed.issuer.url, clientId: 'billing' }],
    clock: bed.clock,
  })
  const url = await startHost(receive, bed.verifier)
  // White space and an escape, which another serialization would lose.
  const body = '{ "client": "b\\u00fcro" }'
  const send = (signed = body): Promise<Response> =>
    fetch(url + PATH, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(bed.now()),
        'webhook-signature': new Webhook(SECRET).sign('msg_1', new Date(bed.clock()), signed),
      },
      body,
    })
  return { ...bed, send, listed: () => bed.verifier.revocations!.list().length }
}

describe.each(hosts)('a receiver in $name', ({ start: startHost }) => {
  it('gets the bytes of the body, without a token, and its response is sent', async () => {
    const bed = await start(startHost)
    const refused = await bed.send('another body')
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ error: 'invalid_request' })
    expect(bed.listed()).toBe(0)
    const accepted = await bed.send()
    expect([accepted.status, await accepted.text()]).toEqual([204, ''])
    expect(bed.listed()).toBe(1)
  })
})

it('a receiver behind a body parser that drops the bytes fails, and says why', async () => {
  const errors: unknown[] = []
  const bed = await start((receive) => {
    const app = express().use(express.json()).use(PATH, inExpress(receive))
    app.use(((error, _request, response, _next) => {
      errors.push(error)
      response.status(500).end()
    }) as express.ErrorRequestHandler)
    return serve(app)
  })
  expect((await bed.send()).status).toBe(500)
  expect(String(errors[0])).toMatch(/Register this handler before the body parser/)
  expect(bed.listed()).toBe(0)
})

it.each([
  ['Express', inExpress],
  ['Koa', inKoa],
  ['Fastify', inFastify],
])('must be given a receiver in %s', (_, serveFeed) => {
  expect(() => serveFeed({} as never)).toThrow(ConfigurationError)
})
