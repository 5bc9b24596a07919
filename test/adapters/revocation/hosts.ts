import { getRequestListener } from '@hono/node-server'
import Router from '@koa/router'
import express from 'express'
import expressFour from 'express4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import KoaTwo from 'koa2'
import type { RequestListener } from 'node:http'
import { onTestFinished } from 'vitest'
import { revocationEndpoint as onExpress } from '../../../adapters/express.js'
import { revocationEndpoint as onFastify } from '../../../adapters/fastify.js'
import { revocationEndpoint as onFetch } from '../../../adapters/fetch.js'
import { revocationEndpoint as onHono } from '../../../adapters/hono.js'
import { revocationEndpoint as onKoa } from '../../../adapters/koa.js'
import type { Policy, Verifier } from '../../../src/index.js'
import { serve } from '../../support/servers/servers.js'

/** The path of the endpoint in every host. */
export const PATH = '/admin/revocations'

/** A server with the endpoint. */
export interface EndpointHost {
  readonly name: string
  /** Whether the application parses bodies before. */
  readonly parses?: boolean
  /** The function of the adapter, for tests of its arguments. */
  readonly endpoint: (...args: readonly [Verifier, Policy, object?]) => unknown
  /** Starts it. Returns its URL. */
  readonly start: (verifier: Verifier, policy: Policy) => Promise<string>
}

const expressHost = (name: string, create: typeof express, parses: boolean): EndpointHost => ({
  name,
  parses,
  endpoint: onExpress,
  start: (verifier, policy) => {
    const app = create()
    if (parses) app.use(create.json(), create.urlencoded())
    app.use(PATH, onExpress(verifier, policy))
    return serve(app)
  },
})

const koaHost = (name: string, App: typeof Koa): EndpointHost => ({
  name,
  endpoint: onKoa,
  start: (verifier, policy) => {
    const router = new Router()
    router.all(PATH, onKoa(verifier, policy))
    const answer = new App().use(router.routes()).callback()
    return serve((request, response) => void answer(request, response))
  },
})

const listenerOf = (handle: (request: Request) => Promise<Response> | Response): RequestListener => {
  const listener = getRequestListener(handle, { overrideGlobalObjects: false })
  return (request, response) => void listener(request, response)
}

export const hosts: readonly EndpointHost[] = [
  expressHost('Express 5', express, false),
  expressHost('Express 5 behind its body parsers', express, true),
  expressHost('Express 4', expressFour, false),
  koaHost('Koa 3', Koa),
  koaHost('Koa 2', KoaTwo),
  {
    name: 'Fastify 5',
    endpoint: onFastify,
    start: async (verifier, policy) => {
      const app = fastify()
      await app.register(onFastify(verifier, policy), { prefix: PATH })
      onTestFinished(() => app.close())
      return app.listen({ port: 0, host: '127.0.0.1' })
    },
  },
  {
    name: 'Hono 4',
    endpoint: onHono,
    start: (verifier, policy) => {
      const app = new Hono()
      app.all(PATH, onHono(verifier, policy))
      return serve(listenerOf((request) => app.fetch(request)))
    },
  },
  {
    name: 'fetch',
    endpoint: onFetch,
    start: (verifier, policy) => serve(listenerOf(onFetch(verifier, policy))),
  },
]
