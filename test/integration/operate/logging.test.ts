import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestIssuer } from '../../../src/testing/index.js'
import { readersFolder } from '../../support/packed/packed-package.js'
import { until } from '../../support/until.js'
import { blocksOf } from '../docs/programs/support.js'

const PAGE = 'docs/operate/logging.md'
const PATIENT = fileURLToPath(new URL('../../support/processes/patient.mjs', import.meta.url))
const LIBRARIES = ['pino-http', 'winston', 'morgan', 'fastify']
const programs = blocksOf(PAGE).filter(({ language, text }) => language === 'ts' && text.includes('listen('))
const programOf = (library: string): string =>
  programs.find(({ text }) => text.includes(`from '${library}'`))!.text

/** Starts a program of the page in a process of its own, and returns its address and what it prints. */
async function start(library: string) {
  const issuer = await createTestIssuer()
  const text = programOf(library)
    .replaceAll('https://auth.example.com', issuer.url)
    .replaceAll('https://orders.internal', issuer.audience)
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  const { outputText } = ts.transpileModule(text, { compilerOptions })
  const file = join(readersFolder(), `logging-${library}-${process.pid}.mjs`)
  writeFileSync(file, `${OPEN_PORT}\n${outputText}`)
  const child = spawn(process.execPath, ['--import', PATIENT, file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  }) as ChildProcessByStdio<null, Readable, Readable>
  const output: string[] = []
  child.stdout.on('data', (data: Buffer) => output.push(data.toString()))
  child.stderr.on('data', (data: Buffer) => output.push(data.toString()))
  onTestFinished(async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    rmSync(file)
    await issuer.close()
  })
  const [port] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => {
      throw new Error(`ended: ${output.join('')}`)
    }),
  ])) as [number]
  return { issuer, url: `http://127.0.0.1:${port}`, printed: () => output.join('') }
}

/** The server of the page listens on a free port of the loopback interface, and sends it to the test. */
const OPEN_PORT = `
import { Server } from 'node:net'
const { listen } = Server.prototype
Server.prototype.listen = function (...args) {
  this.once('listening', () => process.send(this.address().port))
  return listen.call(this, 0, '127.0.0.1', ...args.filter((arg) => typeof arg === 'function'))
}`

interface Line {
  readonly reason?: string
  readonly clientId?: string
  readonly outcome?: string
  readonly path?: string
}

function linesOf(printed: string): readonly Line[] {
  const lines = printed.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => JSON.parse(line) as Line).filter(({ outcome }) => outcome !== undefined)
}

it('the page has a program for each library', () => {
  expect(programs).toHaveLength(LIBRARIES.length)
})

describe.each(LIBRARIES)(`${PAGE}: %s`, (library) => {
  it('writes the client id and the reason of each request, and never a token', async () => {
    const { issuer, url, printed } = await start(library)
    const good = issuer.mintJwt({ clientId: 'billing', scopes: 'orders:read' })
    const weak = issuer.mintJwt({ clientId: 'reports', scopes: 'orders:write' })
    const foreign = issuer.mintJwt({ clientId: 'stock', audience: 'https://invoices.internal' })
    const opaque = issuer.mintOpaque({ clientId: 'billing' })
    const requests: readonly (readonly [path: string, token: string | undefined, status: number])[] = [
      ['/orders/1', good, 200],
      [`/orders/${good}`, good, 200],
      [`/orders/2?access_token=${good}`, good, 200],
      ['/orders/3', weak, 403],
      [`/orders/${weak}?token=${weak}`, weak, 403],
      ['/orders/4', foreign, 401],
      ['/orders/5', opaque, 401],
      [`/orders/6?access_token=${good}`, undefined, 401],
    ]
    // Fastify routes no parameter of more than 100 characters.
    const isTooLong = (path: string): boolean =>
      library === 'fastify' && /^\/orders\/(\w{20}|\[token\])/.test(path)
    for (const [path, token, expected] of requests) {
      const status = isTooLong(path) ? 414 : expected
      const headers =
        token === undefined ? {} : { authorization: `Bearer ${token}`, cookie: `token=${token}` }
      const response = await fetch(url + path, { headers })
      expect([path.slice(0, 9), response.status]).toEqual([path.slice(0, 9), status])
      await response.text()
    }
    const expected = [
      ['accepted', undefined, 'billing', '/orders/1'],
      ['accepted', undefined, 'billing', '/orders/[token]'],
      ['accepted', undefined, 'billing', '/orders/2'],
      ['refused', 'scope_insufficient', 'reports', '/orders/3'],
      ['refused', 'scope_insufficient', 'reports', '/orders/[token]'],
      ['refused', 'audience_mismatch', 'stock', '/orders/4'],
      ['refused', 'issuer_unknown', undefined, '/orders/5'],
      ['refused', 'token_missing', undefined, '/orders/6'],
    ]
    await until(() => Promise.resolve(linesOf(printed()).some(({ path }) => path === '/orders/6')))
    const lines = linesOf(printed()).map(({ outcome, reason, clientId, path }) => [
      outcome,
      reason,
      clientId,
      path,
    ])
    // winston writes a line per decision, and a route that refuses is a second one.
    expect(lines.filter((line) => library !== 'winston' || !isFollowedByRefusal(line, lines))).toEqual(
      expected.filter(([, , , path]) => !isTooLong(path!)),
    )
    for (const token of [good, weak, foreign, opaque]) {
      for (const part of token.split('.')) expect(printed()).not.toContain(part)
    }
  })
})

function isFollowedByRefusal(line: readonly unknown[], lines: readonly (readonly unknown[])[]): boolean {
  const next = lines[lines.indexOf(line) + 1]
  return line[0] === 'accepted' && line[2] === 'reports' && next?.[0] === 'refused'
}
