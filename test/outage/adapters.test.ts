import type { RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { guard as expressGuard } from '../../adapters/express.js'
import { m2mGuard } from '../../adapters/fastify.js'
import { guard as fetchGuard } from '../../adapters/fetch.js'
import { guard as koaGuard } from '../../adapters/koa.js'
import type { Verifier } from '../../src/index.js'
import type { Fault } from '../../src/testing/index.js'
import { serve } from '../support/servers/servers.js'
import { outageBed } from './support.js'
import type { TestBed } from '../support/test-bed.js'

/** Earlier versions of the frameworks, installed under aliases. */
const require = createRequire(import.meta.url)
const express4 = require('express4') as typeof express
const Koa2 = require('koa2') as typeof Koa

type Send = (token: string) => Promise<Response>

async function listening(listener: RequestListener): Promise<Send> {
  const url = await serve(listener)
  return (token) => fetch(url, { headers: { authorization: `Bearer ${token}` } })
}

const viaExpress = (make: typeof express) => (verifier: Verifier) => {
  const app = make()
  app.get('/', expressGuard(verifier), (_, response) => void response.json({ ok: true }))
  return listening(app)
}

const viaKoa = (Make: typeof Koa) => (verifier: Verifier) => {
  const app = new Make()
  app.use(koaGuard(verifier))
  app.use((context) => {
    context.body = { ok: true }
  })
  const handle = app.callback()
  return listening((request, response) => void handle(request, response))
}

async function viaFastify(verifier: Verifier): Promise<Send> {
  const app = fastify({ forceCloseConnections: true })
  onTestFinished(() => app.close())
  await app.register(m2mGuard, { verifier })
  app.get('/', () => ({ ok: true }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  return (token) => fetch(url, { headers: { authorization: `Bearer ${token}` } })
}

function viaFetch(verifier: Verifier): Promise<Send> {
  const authorize = fetchGuard(verifier)
  return Promise.resolve(async (token: string) => {
    const request = new Request('https://api.test/', { headers: { authorization: `Bearer ${token}` } })
    const outcome = await authorize(request)
    return outcome instanceof Response ? outcome : Response.json({ ok: true })
  })
}

const adapters = [
  ['Express 5', viaExpress(express)],
  ['Express 4', viaExpress(express4)],
  ['Koa 3', viaKoa(Koa)],
  ['Koa 2', viaKoa(Koa2)],
  ['Fastify', viaFastify],
  ['fetch', viaFetch],
] as const

interface Outage {
  readonly name: string
  readonly endpoint: 'jwks' | 'introspection'
  readonly how: Fault
  readonly token: (bed: TestBed) => string
  readonly retryAfter: number
}

const outages: readonly Outage[] = [
  { name: 'F1 keys down', endpoint: 'jwks', how: 'refuse', token: ({ jwt }) => jwt(), retryAfter: 1 },
  {
    name: 'F30 introspection fails',
    endpoint: 'introspection',
    how: 500,
    token: ({ opaque }) => opaque(),
    retryAfter: 1,
  },
  {
    name: 'F32 introspection is rate-limited',
    endpoint: 'introspection',
    how: { status: 429, headers: { 'retry-after': '120' } },
    token: ({ opaque }) => opaque(),
    retryAfter: 120,
  },
  {
    name: 'F31 credentials refused',
    endpoint: 'introspection',
    how: 401,
    token: ({ opaque }) => opaque(),
    retryAfter: 1,
  },
]

describe.each(adapters)('%s', (_, start) => {
  it.each(outages)(
    '$name: 503 with Retry-After, no challenge, no-store, and accepted again afterwards',
    async (outage) => {
      const { endpoint, how, token, retryAfter } = outage
      const bed = await outageBed()
      const send = await start(bed.verifier)
      bed.issuer.fail(endpoint, how)
      const bearer = token(bed)
      const response = await send(bearer)
      const after = Number(response.headers.get('retry-after'))
      expect(response.status).toBe(503)
      expect(after).toBe(retryAfter)
      expect(response.headers.get('www-authenticate')).toBeNull()
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(await response.json()).toMatchObject({ error: 'temporarily_unavailable' })
      bed.issuer.heal()
      bed.pass(after)
      expect((await send(bearer)).status).toBe(200)
    },
  )
})
