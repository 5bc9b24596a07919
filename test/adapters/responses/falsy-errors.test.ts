import { createServer, type RequestListener } from 'node:http'
import express from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Koa from 'koa'
import Koa2 from 'koa2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as forExpress from '../../../adapters/express.js'
import * as forFastify from '../../../adapters/fastify.js'
import * as forFetch from '../../../adapters/fetch.js'
import * as forKoa from '../../../adapters/koa.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import type { Verifier } from '../../../src/index.js'
import { close, listen } from '../../support/servers/servers.js'
import { createIssuer, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

type OnRefusal = () => never

/** The request listener of an API whose only route is guarded. */
type Api = (verifier: Verifier, options: { readonly onRefusal?: OnRefusal }) => Promise<RequestListener>

const inExpress =
  (make: typeof express): Api =>
  (verifier, options) => {
    const app = make()
    app.use(forExpress.guard(verifier, {}, options))
    app.use((_request, response) => void response.send('SECRET'))
    return Promise.resolve(app)
  }

const inKoa =
  (Application: typeof Koa): Api =>
  (verifier, options) => {
    const app = new Application()
    app.silent = true
    app.use(forKoa.guard(verifier, {}, options))
    app.use((context) => void (context.body = 'SECRET'))
    return Promise.resolve(app.callback())
  }

async function inFastify(add: (app: ReturnType<typeof Fastify>) => unknown): Promise<RequestListener> {
  const app = Fastify()
  await add(app)
  app.get('/', () => 'SECRET')
  await app.ready()
  return (request, response) => {
    app.routing(request, response)
  }
}

const APIS: Readonly<Record<string, Api>> = {
  'Express 5': inExpress(express),
  'Express 4': inExpress(express4),
  'Koa 3': inKoa(Koa),
  'Koa 2': inKoa(Koa2),
  'Fastify, the plugin': (verifier, options) =>
    inFastify((app) => app.register(forFastify.m2mGuard, { verifier, ...options })),
  'Fastify, a hook': (verifier, options) =>
    inFastify((app) => app.addHook('onRequest', forFastify.guard(verifier, {}, options))),
  'a fetch server': (verifier, options) => {
    const handler = forFetch.protect(verifier, {}, () => new Response('SECRET'), options)
    return Promise.resolve((_request, response) => {
      handler(new Request('http://api.test/')).then(
        async (sent) => response.writeHead(sent.status).end(await sent.text()),
        () => response.writeHead(500).end(),
      )
    })
  },
}

/** Values that hosts treat as success, or as the next route. */
const VALUES: readonly unknown[] = [undefined, null, false, '', 0, Number.NaN, 'route', 'router']

async function ask(listener: RequestListener) {
  const server = createServer(listener)
  const port = await listen(server)
  try {
    const response = await fetch(`http://127.0.0.1:${port}/`)
    return { status: response.status, body: await response.text() }
  } finally {
    await close(server)
  }
}

describe.each(Object.entries(APIS))('in %s', (_, api) => {
  it.each(VALUES)('an onRefusal that throws or rejects with %s lets no request pass', async (value) => {
    const ways: readonly OnRefusal[] = [
      () => {
        throw value
      },
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
      () => Promise.reject(value) as never,
    ]
    for (const onRefusal of ways) {
      const { status, body } = await ask(await api(verifierFor(issuer), { onRefusal }))
      expect(status).toBe(500)
      expect(body).not.toContain('SECRET')
    }
  })

  it.each(VALUES)('a custom verifier that rejects with %s is a 503', async (value) => {
    const verifier = {
      ...verifierFor(issuer),
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what is tested
      authorize: () => Promise.reject(value) as never,
    }
    const { status, body } = await ask(await api(verifier, {}))
    expect(status).toBe(503)
    expect(body).not.toContain('SECRET')
  })

  it.each([undefined, {}, { outcome: 'accepted' }, { outcome: 'refused' }, 'accepted', true])(
    'a custom verifier that resolves to %j is a 503',
    async (decision) => {
      const verifier = { ...verifierFor(issuer), authorize: () => Promise.resolve(decision as never) }
      const { status, body } = await ask(await api(verifier, {}))
      expect(status).toBe(503)
      expect(body).not.toContain('SECRET')
    },
  )
})
