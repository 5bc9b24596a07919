import { connect, createServer, type Http2Server, type OutgoingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import Koa from 'koa'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as forExpress from '../../adapters/express.js'
import * as forFastify from '../../adapters/fastify.js'
import * as forKoa from '../../adapters/koa.js'
import type { Verifier } from '../../src/index.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { exchange } from './raw.js'
import { frameworks, guarded } from './frameworks.js'
import { createIssuer, run, verifierFor } from './support.js'

let issuer: TestIssuer
let verifier: Verifier
beforeAll(async () => {
  issuer = await createIssuer()
  verifier = verifierFor(issuer)
})
afterAll(() => issuer.close())

const HEADER = 'x-service-token'

/** Servers over HTTP/2 whose handler is behind a guard that reads {@link HEADER}. */
const SERVERS: Readonly<Record<string, () => Promise<Http2Server>>> = {
  'node:http2 with the Express guard': () => {
    const guard = forExpress.guard(verifier, {}, { header: HEADER })
    const server = createServer((request, response) => {
      guard(request, response, () => response.end(forExpress.accessToken(request).subject))
    })
    return Promise.resolve(server)
  },
  Koa: () => {
    const app = new Koa()
    app.use(forKoa.guard(verifier, {}, { header: HEADER }))
    app.use((context) => {
      context.body = forKoa.accessToken(context).subject
    })
    const answer = app.callback()
    return Promise.resolve(
      createServer((request, response) => void answer(request as never, response as never)),
    )
  },
  Fastify: async () => {
    const app = fastify({ http2: true })
    await app.register(forFastify.m2mGuard, { verifier, header: HEADER })
    app.get('/', (request) => forFastify.accessToken(request).subject)
    await app.ready()
    return app.server
  },
}

async function send(server: Http2Server, headers: OutgoingHttpHeaders): Promise<[number, string]> {
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const stream = session.request({ ':path': '/', ...headers })
  let status = 0
  let text = ''
  stream.setEncoding('utf8')
  stream.on('response', (response) => (status = Number(response[':status'])))
  stream.on('data', (chunk: string) => (text += chunk))
  await new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject))
  session.close()
  return [status, text]
}

describe.each(Object.entries(SERVERS))('%s over HTTP/2', (_, create) => {
  it('reads the token of the option header, and refuses two headers of that name', async () => {
    const server = await create()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const token = issuer.mintJwt({ subject: 'billing' })
    expect(await send(server, { [HEADER]: token })).toEqual([200, 'billing'])
    expect((await send(server, { authorization: `Bearer ${token}` }))[0]).toBe(401)
    expect((await send(server, { [HEADER]: [token, 'other'] }))[0]).toBe(400)
    expect((await send(server, { [HEADER]: [token, token] }))[0]).toBe(400)
  })
})

describe.each(frameworks)('two headers of the option header in $name over HTTP/1', (framework) => {
  it.each([
    ['the first valid', (token: string) => [token, 'other']],
    ['the second valid', (token: string) => ['other', token]],
    ['the same value', (token: string) => [token, token]],
  ])('are refused: %s', async (_, values) => {
    const app = await run(framework, {
      verifier,
      app: [guarded({}, { header: HEADER })],
      routes: [{ path: '/orders' }],
    })
    const [first, second] = values(issuer.mintJwt()) as [string, string]
    const lines = ['GET /orders HTTP/1.1', 'Host: a', `${HEADER}: ${first}`, `X-Service-TOKEN: ${second}`]
    const [answer] = await exchange(app.port, `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
    expect(answer!.status).toBe(400)
  })
})
