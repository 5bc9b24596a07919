import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestIssuer } from '../../../src/testing/index.js'
import { frameworks, guarded } from '../frameworks.js'
import { exchange, open } from '../raw.js'
import { bearer, createIssuer, jsonOf, observedVerifier, run, settle, verifierFor } from '../support.js'
import { until } from '../../support/until.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

const JSON_BODY = { 'content-type': 'application/json' }

/** An API that reads the bodies of the requests it accepts. */
function startApi(framework: (typeof frameworks)[number]) {
  return run(framework, {
    verifier: verifierFor(issuer),
    app: [guarded({ scopes: 'orders:write' })],
    routes: [{ method: 'post', path: '/orders', handler: 'body' }],
  })
}

describe.each(frameworks)('in $name', (framework) => {
  const start = () => startApi(framework)

  it('the handler receives the complete body of an accepted request', async () => {
    const app = await start()
    const headers = { ...JSON_BODY, ...bearer(issuer.mintOpaque({ scopes: 'orders:write' })) }
    const sent = { lines: Array.from({ length: 2000 }, (_, line) => `line ${line}`) }
    const reply = await app.send({ method: 'POST', path: '/orders', headers, body: JSON.stringify(sent) })
    expect(jsonOf(reply)).toEqual({ received: sent })
    expect(app.seen).toMatchObject({ bodies: 1, handled: ['/orders'] })
  })

  it('a refusal of a request without a body keeps the connection', async () => {
    const app = await start()
    const request = 'POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'
    const answers = await exchange(app.port, request + request, 2)
    expect(answers.map(({ status }) => status)).toEqual([401, 401])
  })

  it('a caller that disconnects during introspection has no effect on others', async () => {
    const { verifier, events } = observedVerifier(issuer)
    const app = await run(framework, { verifier, app: [guarded()], routes: [{ path: '/orders' }] })
    const hungUp = new Promise((resolve) => {
      app.server.once('connection', (socket) => socket.once('close', resolve))
    })
    const gate = issuer.gate('introspection')
    const caller = await open(app.port)
    const headers = bearer(issuer.mintOpaque())
    caller.write(`GET /orders HTTP/1.1\r\nHost: a\r\nAuthorization: ${headers.authorization}\r\n\r\n`)
    await gate.waiting
    caller.destroy()
    await hungUp
    gate.release()
    await until(() => events.length === 1)
    await settle()
    // If the guard knows the connection, the handler does not run.
    if (!/Hono|fetch/.test(framework.name)) expect(app.seen.handled).toEqual([])
    const next = await app.send({ path: '/orders', headers })
    expect(next.status).toBe(200)
    expect(events[1]).toMatchObject({ outcome: 'accepted', source: 'cache' })
  })
})

// Nest reads the body before it calls guards.
const beforeBody = frameworks.filter(({ guardsHandlers }) => guardsHandlers !== true)

describe.each(beforeBody)('in $name', (framework) => {
  const start = () => startApi(framework)

  it.each([
    { promise: 'no token', headers: () => ({}), status: 401 },
    { promise: 'a missing scope', headers: () => bearer(issuer.mintJwt()), status: 403 },
  ])('the body of a refused request is never parsed: $promise', async ({ headers, status }) => {
    const app = await start()
    const body = `{ "this is no JSON ${'x'.repeat(200_000)}`
    const reply = await app.send({
      method: 'POST',
      path: '/orders',
      headers: { ...JSON_BODY, ...headers() },
      body,
    })
    expect(reply.status).toBe(status)
    expect(app.seen).toMatchObject({ bodies: 0, handled: [] })
  })

  it.each([
    { promise: 'with its length declared', framing: 'Content-Length: 50000000', start: '{"a":"' },
    { promise: 'in chunks', framing: 'Transfer-Encoding: chunked', start: '6\r\n{"a":"\r\n' },
  ])(
    'a refusal does not wait for the body of the request: $promise',
    async ({ framing, start: beginning }) => {
      const app = await start()
      const head = ['POST /orders HTTP/1.1', 'Host: api.internal', 'Content-Type: application/json', framing]
      // The rest is never sent, so only a response that does not wait for it can arrive.
      const [answer] = await exchange(app.port, `${head.join('\r\n')}\r\n\r\n${beginning}`)
      expect(answer?.status).toBe(401)
      expect(app.seen).toMatchObject({ bodies: 0, handled: [] })
    },
  )
})

// Handlers on `Request` and `Response` have no access to the connection, which the server manages.
describe.each(beforeBody.filter(({ name }) => !/Hono|fetch/.test(name)))('in $name', (framework) => {
  const start = () => startApi(framework)

  it.each([
    { promise: 'no token', token: () => [] },
    { promise: 'a missing scope', token: () => [`Authorization: Bearer ${issuer.mintJwt()}`] },
    {
      promise: 'a token that is introspected',
      token: () => [`Authorization: Bearer ${issuer.mintOpaque()}`],
    },
  ])('a refused upload is not read to its end: $promise', async ({ token }) => {
    const app = await start()
    let read = 0
    const ended = new Promise<void>((resolve) => {
      app.server.once('connection', (socket) => {
        socket.once('close', () => {
          read = socket.bytesRead
          resolve()
        })
      })
    })
    const caller = await open(app.port)
    let received = ''
    const answered = new Promise<void>((resolve) => {
      caller.on('data', (chunk) => {
        received += chunk.toString('latin1')
        resolve()
      })
    })
    const head = ['POST /orders HTTP/1.1', 'Host: api.internal', 'Transfer-Encoding: chunked', ...token()]
    caller.write(`${head.join('\r\n')}\r\n\r\n`)
    await answered
    const upload = 32 * 2 ** 20
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    for (let sent = 0; sent < upload && caller.writable; sent += chunk.length) {
      await new Promise((resolve) => caller.write(chunk, resolve))
    }
    if (caller.writable) caller.end('0\r\n\r\n')
    await ended
    caller.destroy()
    expect(received).toMatch(/^HTTP\/1\.1 40[13] /)
    expect(received).toMatch(/^connection: close\r$/im)
    expect(read).toBeLessThan(upload / 4)
  })

  it('a refusal passed to the framework, and a custom response, close the connection too', async () => {
    // Express reads a request to its end before it responds to an unhandled error.
    const manners = framework.name.startsWith('Express') ? [] : (['hands on'] as const)
    for (const onRefusal of [...manners, 'answers', 'forgets'] as const) {
      const app = await run(framework, {
        verifier: verifierFor(issuer),
        app: [guarded(undefined, { onRefusal })],
        routes: [{ method: 'post', path: '/orders', handler: 'body' }],
      })
      const head = ['POST /orders HTTP/1.1', 'Host: a', 'Content-Length: 50000000', '', '{'].join('\r\n')
      const [answer] = await exchange(app.port, head)
      expect(answer?.head).toMatch(/^connection: close$/im)
    }
  })
})
