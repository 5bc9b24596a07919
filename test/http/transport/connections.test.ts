import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { until } from '../../support/until.js'
import { OK, open, rawServer, send } from './support.js'

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
    await until(() => server.open() === 0)
    expect((await send(transport, { url: server.url })).text).toBe('ok')
    expect(server.connections()).toBe(2)
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
