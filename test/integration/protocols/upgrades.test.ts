import { request as httpRequest } from 'node:http'
import { connect as connectSocket, type Socket } from 'node:net'
import { io, type Socket as ClientSocket } from 'socket.io-client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import { nextTurn, until } from '../../support/until.js'
import { accepted, expectRefusal, REFUSED, runRecipe, send, type Answer } from './support.js'

/** Sends an upgrade request. Resolves once the server has closed the connection of a refused one. */
async function upgrade(url: string, authorization: readonly string[]): Promise<Answer | 'upgraded'> {
  const request = httpRequest(url, {
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
    },
  })
  if (authorization.length > 0) request.setHeader('authorization', authorization)
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('upgrade', (_, socket: Socket) => {
      socket.destroy()
      resolve('upgraded')
    })
    request.on('response', (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.socket.on('close', () => {
        const { statusCode, headers } = response
        resolve({ status: statusCode!, headers, body })
      })
    })
    request.end()
  })
}

const RECIPES = [
  [
    'ws',
    {
      title: 'WebSocket with `ws`, and long streams',
      handler: 'connect(client, request, decision.token)',
      path: '/orders',
    },
  ],
  [
    'socket.io',
    {
      title: 'socket.io',
      handler: 'tokens.get(socket.request)?.clientId',
      path: '/socket.io/?EIO=4&transport=websocket',
    },
  ],
] as const

function replaceTimers(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe.each(RECIPES)('the recipe for upgrades with %s', (_, { title, handler, path }) => {
  it.each(REFUSED)(
    'responds to an upgrade with %s: %i, and closes its connection',
    async (_what, expected, authorization) => {
      const running = await runRecipe(title, handler)
      const answer = await upgrade(running.urls[0]! + path, authorization(running.issuer))
      if (answer === 'upgraded') throw new Error('the upgrade was accepted')
      expectRefusal(answer, expected)
      expect(JSON.parse(answer.body)).toHaveProperty('error_description')
      expect(running.hasHandled()).toBe(false)
    },
  )

  it('destroys the connection of a refused client that does not end it', async () => {
    const { urls } = await runRecipe(title, handler)
    const client = connectSocket({
      port: Number(new URL(urls[0]!).port),
      host: '127.0.0.1',
      allowHalfOpen: true,
    })
    onTestFinished(() => void client.destroy())
    client.on('error', () => undefined)
    const head = ['Host: a', 'Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
    client.write([`GET ${path} HTTP/1.1`, ...head, '', ''].join('\r\n'))
    let received = ''
    client.on('data', (chunk: Buffer) => (received += chunk.toString()))
    await new Promise((resolve) => client.once('end', resolve))
    expect(received).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    // A connection that the server has only half closed takes what the client writes.
    await until(() => {
      if (!client.destroyed) client.write('more')
      return client.destroyed
    })
  })
})

describe('the recipe for ws', () => {
  const start = () =>
    runRecipe('WebSocket with `ws`, and long streams', 'connect(client, request, decision.token)')

  async function connect(url: string, authorization: string): Promise<WebSocket> {
    const client = new WebSocket(url.replace('http:', 'ws:'), { headers: { authorization } })
    onTestFinished(() => client.terminate())
    await new Promise((resolve, reject) => {
      client.once('open', resolve)
      client.once('error', reject)
    })
    return client
  }

  async function echo(client: WebSocket, message: string): Promise<string> {
    const received = new Promise<string>((resolve) =>
      client.once('message', (data: Buffer) => resolve(data.toString())),
    )
    client.send(message)
    return received
  }

  it('connects a client with a valid token, and ends a connection that outlives its token', async () => {
    replaceTimers()
    const { issuer, preamble, urls, hasHandled } = await start()
    const authorization = accepted(issuer)
    const client = await connect(urls[0]!, authorization)
    expect(await echo(client, 'hello')).toBe('billing: hello')
    expect(hasHandled()).toBe(true)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await echo(client, 'again')).toBe('billing: again')
    const closed = new Promise((resolve) => client.once('close', resolve))
    const token = authorization.slice('Bearer '.length)
    issuer.revoke(token)
    preamble.verifier.forget(token)
    await vi.advanceTimersByTimeAsync(60_000)
    await closed
  })

  it('keeps a connection open while the issuer is unavailable', async () => {
    replaceTimers()
    const { issuer, preamble, urls } = await start()
    const authorization = accepted(issuer)
    const client = await connect(urls[0]!, authorization)
    issuer.fail('introspection', 503)
    preamble.verifier.forget(authorization.slice('Bearer '.length))
    await vi.advanceTimersByTimeAsync(60_000)
    await until(() => preamble.verifier.health().issuers[0]!.remote?.failure !== undefined)
    await nextTurn()
    expect(await echo(client, 'hello')).toBe('billing: hello')
  })
})

describe('the recipe for socket.io', () => {
  const start = () => runRecipe('socket.io', 'tokens.get(socket.request)?.clientId')

  function connect(url: string, authorization: string, transports: string[]): ClientSocket {
    const client = io(url, {
      extraHeaders: { authorization },
      transports,
      reconnection: false,
      forceNew: true,
    })
    onTestFinished(() => void client.disconnect())
    return client
  }

  it.each([
    ['WebSocket', ['websocket']],
    ['long polling', ['polling']],
    ['long polling and an upgrade', ['polling', 'websocket']],
  ])('connects a client with a valid token by %s', async (_, transports) => {
    const { issuer, urls, hasHandled } = await start()
    const client = connect(urls[0]!, accepted(issuer), transports)
    expect(await client.emitWithAck('orders')).toEqual({ orders: [], client: 'billing' })
    expect(hasHandled()).toBe(true)
  })

  it.each([['websocket'], ['polling']])('a refused client gets an error by %s', async (transport) => {
    const { issuer, urls, hasHandled } = await start()
    const client = connect(urls[0]!, `Bearer ${issuer.mintOpaque()}`, [transport])
    await new Promise((resolve) => client.once('connect_error', resolve))
    expect(client.connected).toBe(false)
    expect(hasHandled()).toBe(false)
  })

  it.each(REFUSED)('responds to long polling with %s: %i', async (_what, expected, authorization) => {
    const { issuer, urls, hasHandled } = await start()
    const url = `${urls[0]!}/socket.io/?EIO=4&transport=polling`
    expectRefusal(await send(url, { authorization: authorization(issuer) }), expected)
    expect(hasHandled()).toBe(false)
  })

  it('ends a connection that outlives its token', async () => {
    replaceTimers()
    const { issuer, preamble, urls } = await start()
    const authorization = accepted(issuer)
    const client = connect(urls[0]!, authorization, ['websocket'])
    await client.emitWithAck('orders')
    const disconnected = new Promise((resolve) => client.once('disconnect', resolve))
    const token = authorization.slice('Bearer '.length)
    issuer.revoke(token)
    preamble.verifier.forget(token)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await disconnected).toBe('io server disconnect')
  })
})
