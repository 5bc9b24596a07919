import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { exchange, type Exchange } from '../../../src/http/exchange.js'
import { createTransport, type Transport } from '../../../src/http/transport/transport.js'
import { until } from '../../support/until.js'

/** Received request and the socket for the response. */
interface Received {
  readonly socket: Socket
  readonly text: string
  /** Number of the connection, from 1. */
  readonly connection: number
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

/** Server with a custom function that writes to its connections. */
async function rawServer(answer: (request: Received, count: number) => void) {
  const sockets = new Set<Socket>()
  let [connections, requests] = [0, 0]
  const server = createServer((socket) => {
    const connection = (connections += 1)
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (data) => {
      requests += 1
      answer({ socket, text: data.toString('latin1'), connection }, requests)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query=1`,
    connections: () => connections,
    open: () => sockets.size,
  }
}

function open(): Transport {
  const transport = createTransport(undefined)
  onTestFinished(() => {
    transport.close()
  })
  return transport
}

type Overrides = Partial<Exchange> & Pick<Exchange, 'url'>

async function send(transport: Transport, request: Overrides) {
  const { status, headers, text } = await exchange({
    method: 'GET',
    headers: {},
    deadlineSeconds: 3,
    maxBytes: 1024,
    ...request,
    transport,
  })
  // The connection is released only after the response has ended.
  await new Promise((resolve) => setImmediate(resolve))
  return { status, headers, text }
}

describe('connections', () => {
  it('are kept for the next request, and shared with no other transport', async () => {
    const { url, connections } = await rawServer(({ socket }) => socket.write(OK))
    const [one, other] = [open(), open()]
    await send(one, { url })
    await send(one, { url })
    expect(connections()).toBe(1)
    await send(other, { url })
    expect(connections()).toBe(2)
  })

  it('are closed by close(): idle ones immediately, others after their response has been read', async () => {
    const held: Socket[] = []
    const server = await rawServer(({ socket, text }) => {
      if (text.startsWith('PUT')) held.push(socket)
      else socket.write(OK)
    })
    const transport = open()
    const inFlight = send(transport, { url: server.url, method: 'PUT' })
    await until(() => held.length === 1)
    await send(transport, { url: server.url })
    expect(server.open()).toBe(2)
    transport.close()
    await until(() => server.open() === 1)
    held[0]?.write(OK)
    expect((await inFlight).text).toBe('ok')
    await until(() => server.open() === 0)
    expect((await send(transport, { url: server.url })).text).toBe('ok')
    await until(() => server.open() === 0)
  })

  it('are at most 256 to one origin, and further requests wait for one of them', async () => {
    const waiting: Socket[] = []
    const server = await rawServer(({ socket }) => waiting.push(socket))
    const transport = open()
    const responses = Array.from({ length: 300 }, () =>
      send(transport, { url: server.url, deadlineSeconds: 60 }),
    )
    await until(() => waiting.length === 256)
    for (const socket of waiting.splice(0)) socket.write(OK)
    await until(() => waiting.length === 44)
    for (const socket of waiting) socket.write(OK)
    expect((await Promise.all(responses)).every(({ text }) => text === 'ok')).toBe(true)
    expect(server.connections()).toBe(256)
  })

  it('are closed when the caller aborts', async () => {
    const server = await rawServer(() => undefined)
    const ending = new AbortController()
    const sent = send(open(), { url: server.url, signal: ending.signal })
    await until(() => server.open() === 1)
    ending.abort(new Error('enough'))
    await expect(sent).rejects.toThrow('enough')
    await until(() => server.open() === 0)
  })

  it('do not pass an unsolicited response to the next request', async () => {
    const server = await rawServer(({ socket, connection }, count) => {
      socket.write(OK)
      if (count === 1) setImmediate(() => socket.write(OK.replace('ok', 'no')))
      expect(connection).toBeGreaterThan(0)
    })
    const transport = open()
    await send(transport, { url: server.url })
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect((await send(transport, { url: server.url })).text).toBe('ok')
  })

  it('are not kept after two responses to one request', async () => {
    const server = await rawServer(({ socket }) => socket.write(OK + OK.replace('ok', 'no')))
    const transport = open()
    expect((await send(transport, { url: server.url })).text).toBe('ok')
    await until(() => server.open() === 0)
  })
})

describe('F28 a kept connection that is closed when it is reused', () => {
  async function closing() {
    const server = await rawServer(({ socket, connection, text }, count) => {
      if (count > 1 && connection === 1 && text.length > 0) socket.destroy()
      else socket.write(OK)
    })
    const transport = open()
    await send(transport, { url: server.url })
    return { ...server, transport }
  }

  it('is replaced once, for a repeatable request', async () => {
    const { url, transport, connections } = await closing()
    const request = { url, method: 'POST', body: 'a=1', isRepeatable: true } as const
    expect((await send(transport, request)).text).toBe('ok')
    expect(connections()).toBe(2)
  })

  it('fails every other request, and is not used a third time', async () => {
    const { url, transport, connections } = await closing()
    await expect(send(transport, { url, method: 'POST', body: 'a=1' })).rejects.toThrow(
      'no response (ECONNRESET)',
    )
    expect((await send(transport, { url })).text).toBe('ok')
    expect(connections()).toBe(2)
  })

  it('is not replaced a second time', async () => {
    const server = await rawServer(({ socket }, count) => {
      if (count > 1) socket.destroy()
      else socket.write(OK)
    })
    const transport = open()
    await send(transport, { url: server.url })
    await expect(send(transport, { url: server.url, isRepeatable: true })).rejects.toThrow('(ECONNRESET)')
    expect(server.connections()).toBe(2)
  })
})

describe('a response', () => {
  it.each<[string, string, string]>([
    [
      'after 100 and 103',
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}`,
      'ok',
    ],
    ['that ends with its connection', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nok', 'ok'],
    ['in chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n', 'ok'],
    [
      'that says it is not compressed',
      OK.replace('\r\n\r\n', '\r\ncontent-encoding: identity\r\n\r\n'),
      'ok',
    ],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    ['with a byte order mark', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n\u00EF\u00BB\u00BF', '\uFEFF'],
  ])('%s is read', async (_, bytes, text) => {
    const { url } = await rawServer(({ socket }) => {
      socket.write(bytes, 'latin1')
      if (bytes.includes('close')) socket.end()
    })
    expect((await send(open(), { url })).text).toBe(text)
  })

  it.each<[string, string, string]>([
    [
      'that switches protocols',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
      'no response',
    ],
    [
      'with more than 16 KiB of headers',
      `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
      'no response (HPE_HEADER_OVERFLOW)',
    ],
    ['that is not HTTP', 'garbage\r\n\r\n', 'no response (HPE_INVALID_CONSTANT)'],
    [
      'with two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok',
      'no response (HPE_',
    ],
    [
      'that is larger than allowed',
      `HTTP/1.1 200 OK\r\ncontent-length: 1025\r\n\r\n${'a'.repeat(1025)}`,
      'response larger than 1024 bytes',
    ],
    ['that is not UTF-8', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n\u00FF', 'response that is not UTF-8'],
  ])('%s is refused, and its connection is closed', async (_, bytes, message) => {
    const server = await rawServer(({ socket }) => socket.write(bytes, 'latin1'))
    await expect(send(open(), { url: server.url })).rejects.toThrow(message)
    await until(() => server.open() === 0 || !message.startsWith('response larger'))
  })

  it.each(['gzip', 'GZIP', 'br', 'gzip, identity'])(
    'compressed with %s is not decompressed',
    async (encoding) => {
      const body = gzipSync('{"active":true}')
      const { url } = await rawServer(({ socket, text }) => {
        expect(text).toContain('accept-encoding: identity')
        socket.write(
          `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`,
        )
        socket.write(body)
      })
      await expect(send(open(), { url })).rejects.toThrow('compressed response')
    },
  )

  it('that is a redirect is not followed', async () => {
    const server = await rawServer(({ socket }) =>
      socket.write('HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n'),
    )
    const { status, headers } = await send(open(), { url: server.url })
    expect([status, headers.get('location')]).toEqual([302, '/elsewhere'])
  })

  it('has every value of a header, in any letter case', async () => {
    const { url } = await rawServer(({ socket }) =>
      socket.write(
        OK.replace('\r\n\r\n', '\r\nContent-Type: application/json\r\ncontent-type: text/html\r\n\r\n'),
      ),
    )
    const { headers } = await send(open(), { url })
    expect(headers.get('CONTENT-TYPE')).toBe('application/json, text/html')
    expect([headers.has('content-type'), headers.has('age'), headers.get('age')]).toEqual([true, false, null])
  })

  it('that comes before the request has been sent ends the request', async () => {
    const server = await rawServer(({ socket }, count) => {
      if (count === 1)
        socket.end('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    })
    const sent = send(open(), { url: server.url, method: 'POST', body: 'a'.repeat(8_000_000) })
    // The order of the two depends on the operating system.
    const outcome = await sent.then(
      ({ status }) => String(status),
      (error: unknown) => String(error),
    )
    expect(outcome).toMatch(/^413$|^ExchangeError: no response \((?:ECONNRESET|EPIPE)\)$/)
  })
})

describe('a request', () => {
  it.each(['POST', 'PUT', 'DELETE'] as const)('with a body states its length: %s', async (method) => {
    const seen: string[] = []
    const { url } = await rawServer(({ socket, text }) => {
      seen.push(text)
      socket.write(OK)
    })
    await send(open(), { url, method, body: '{"a":"\u00e9"}' })
    expect(seen[0]).toMatch(new RegExp(`^${method} /path\\?query=1 HTTP/1.1\r\n`))
    expect(seen[0]).toContain('content-length: 10\r\n')
    expect(seen[0]?.toLowerCase()).not.toContain('chunked')
  })

  it('to a URL with credentials is not sent', async () => {
    const { url, connections } = await rawServer(({ socket }) => socket.write(OK))
    await expect(send(open(), { url: url.replace('//', '//id:secret@') })).rejects.toThrow(/^no response$/)
    expect(connections()).toBe(0)
  })

  it('with a header that HTTP does not allow is not sent, and its value is not in the error', async () => {
    const { url, connections } = await rawServer(({ socket }) => socket.write(OK))
    const headers = { authorization: 'Bearer secret\r\nx: y' }
    await expect(send(open(), { url, headers })).rejects.toThrow(/^no response \(ERR_INVALID_CHAR\)$/)
    expect(connections()).toBe(0)
  })
})

describe('F57 a tool that replaces fetch or the dispatcher of the process', () => {
  // The version of undici decides which symbol is read.
  const DISPATCHERS = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) =>
    Symbol.for(name),
  )

  it('is used if it has replaced the global fetch', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response('mocked')))
    onTestFinished(() => void vi.unstubAllGlobals())
    expect((await send(open(), { url: 'https://auth.test/' })).text).toBe('mocked')
  })

  it.each([
    ['ProxyAgent', true],
    ['MockAgent', true],
    ['EnvHttpProxyAgent', true],
    ['Agent', false],
  ])('is heeded where it has set a dispatcher of undici: %s, %s', async (name, isHeeded) => {
    const { url } = await rawServer(({ socket }) => socket.write(OK))
    await fetch(url)
    const used = DISPATCHERS.filter((symbol) => Reflect.has(globalThis, symbol))
    const originals = used.map((symbol) => Reflect.get(globalThis, symbol) as object)
    const dispatcher = Object.assign(Object.create({ constructor: { name } }) as object, {
      dispatch: () => {
        throw Object.assign(new Error('dispatched'), { code: 'DISPATCHED' })
      },
    })
    for (const symbol of used) Reflect.set(globalThis, symbol, dispatcher)
    onTestFinished(() => {
      used.forEach((symbol, index) => Reflect.set(globalThis, symbol, originals[index]))
    })
    const sent = send(open(), { url })
    await (isHeeded
      ? expect(sent).rejects.toThrow('DISPATCHED')
      : expect(sent).resolves.toMatchObject({ text: 'ok' }))
  })
})
