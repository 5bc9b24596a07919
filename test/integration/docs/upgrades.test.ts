import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { blocksOf } from './support.js'
import { runBlock } from './run.js'

const [recipe] = blocksOf('docs/guide/recipes.md').filter(({ text }) => text.includes("server.on('upgrade'"))

/** Requests an upgrade. Resolves with the first bytes of the response. */
async function upgrade(
  url: string,
  token: string | undefined,
): Promise<{ readonly socket: Socket; readonly head: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`]
  const head = ['GET /orders HTTP/1.1', 'Host: a', 'Connection: Upgrade', 'Upgrade: echo', ...authorization]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  return { socket, head: await next(socket) }
}

function next(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))))
}

it('the recipe for upgrades refuses one without a valid token, and ends a stream that outlives its token', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { issuer, preamble, urls } = await runBlock(recipe!)
  const url = urls[0]!
  expect((await upgrade(url, undefined)).head).toMatch(
    /^HTTP\/1\.1 401 Unauthorized\r\n(.+\r\n)*WWW-Authenticate: Bearer/,
  )
  expect((await upgrade(url, issuer.mintOpaque())).head).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/)
  const token = issuer.mintOpaque({ scopes: 'orders:read' })
  const { socket, head } = await upgrade(url, token)
  expect(head).toMatch(/^HTTP\/1\.1 101 /)
  await vi.advanceTimersByTimeAsync(60_000)
  const echo = next(socket)
  socket.write('hello')
  expect(await echo).toBe('hello')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  issuer.revoke(token)
  preamble.verifier.forget(token)
  await vi.advanceTimersByTimeAsync(60_000)
  await closed
})
