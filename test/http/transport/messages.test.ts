import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.js'
import { OK, open, rawServer, send } from './support.js'

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
