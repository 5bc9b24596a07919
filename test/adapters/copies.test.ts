import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../src/guard/request-state.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Compiles the package to another path, which makes it a copy with separate module instances. */
function writeCopy(folder: string, format: 'esm' | 'cjs'): void {
  const sources = ['src', 'adapters'].flatMap((part) =>
    readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' }).map((name) => join(part, name)),
  )
  buildSync({
    // The command line program waits at its top level, which a CommonJS module cannot.
    entryPoints: sources.filter((name) => name.endsWith('.ts') && name !== join('src', 'cli', 'main.ts')),
    absWorkingDir: ROOT,
    outbase: ROOT,
    outdir: folder,
    format,
    platform: 'node',
    logLevel: 'error',
  })
  const type = format === 'cjs' ? 'commonjs' : 'module'
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
}

/** Guards with the first copy and uses another one behind it, in a new process. */
const PROGRAM = `
import { createRequire } from 'node:module'
import express from 'express'
import Koa from 'koa'

const [, , way] = process.argv
const load = (copy) => async (path) => {
  if (copy === 'first') return import('./first/' + path)
  return way === 'require' ? createRequire(import.meta.url)('./common/' + path) : import('./second/' + path)
}
const first = load('first')
const other = load('other')
const { createVerifier, oauth } = await first('src/index.js')
const { createTestIssuer } = await first('src/testing/index.js')
const guards = await first('adapters/express.js')
const behind = await other('adapters/express.js')
const { allOf, anyOf, Refusal } = await other('src/index.js')
const results = { isOther: guards.guard !== behind.guard }

const issuer = await createTestIssuer()
// The maximum deadline, so that a busy machine does not affect the result.
const deadline = '60s'
const verifier = createVerifier({ issuers: [oauth(issuer.oauth({ keys: { deadline }, remote: { deadline } }))] })
const headers = (scopes) => ({ authorization: 'Bearer ' + issuer.mintJwt({ subject: 'billing', scopes }) })

const app = express()
app.get('/handed', guards.guard(verifier, {}, { onRefusal: (refusal, req, res, next) => next(refusal) }))
app.use('/orders', guards.guard(verifier))
const who = (req, res) => res.json(behind.accessToken(req).subject)
app.get('/orders/scopes', behind.requireScopes(anyOf('orders:read', 'orders:admin')), who)
app.get('/orders/policy', guards.requirePolicy({ scopes: allOf('orders:read', anyOf('a', 'b')) }), who)
app.get('/orders/both', behind.requireScopes('orders:read'), guards.requireScopes(anyOf('a', 'b')), who)
app.get('/orders/guard', behind.guard(verifier, { scopes: anyOf('orders:read') }), guards.requireScopes('a'), who)
app.use((error, req, res, next) => res.status(error.status ?? 500).json(error instanceof Refusal))
const server = app.listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const send = async (path, scopes) => {
  const response = await fetch('http://127.0.0.1:' + server.address().port + path, {
    headers: scopes === undefined ? {} : headers(scopes),
  })
  return [response.status, await response.json()]
}
for (const path of ['scopes', 'policy', 'both', 'guard']) {
  results[path] = [await send('/orders/' + path, 'orders:read a'), (await send('/orders/' + path, 'b')).at(0)]
}
results.refusal = await send('/handed')

const koa = new Koa()
koa.use((await first('adapters/koa.js')).guard(verifier))
koa.use((await other('adapters/koa.js')).requireScopes(anyOf('orders:read')))
const { accessToken } = await other('adapters/koa.js')
koa.use((context) => (context.body = JSON.stringify(accessToken(context).subject)))
server.removeAllListeners('request').on('request', koa.callback())
results.koa = [await send('/', 'orders:read'), (await send('/', 'b')).at(0)]

const request = new Request('http://a/', { headers: headers('a') })
await (await first('adapters/fetch.js')).guard(verifier)(request)
results.fetch = (await other('adapters/fetch.js')).accessToken(request).subject

const forgeries = [JSON.parse('{"kind":"all","of":["a"]}'), { ...anyOf('a') }, structuredClone(anyOf('a'))]
results.forged = forgeries.map((scopes) => {
  try {
    guards.requirePolicy({ scopes })
    return 'accepted'
  } catch (error) {
    return error.name
  }
})
server.close()
server.closeAllConnections()
await issuer.close()
console.log(JSON.stringify(results))
`

/** Guards with another copy than the one of the verifier and of the test issuer, in a new process. */
const VERIFIERS = `
import { createRequire } from 'node:module'
import fastify from 'fastify'

const [, , way] = process.argv
const first = (path) => import('./first/' + path)
const other = async (path) => {
  return way === 'require' ? createRequire(import.meta.url)('./common/' + path) : import('./second/' + path)
}
const { createVerifier, oauth, Refusal } = await first('src/index.js')
const { createTestIssuer } = await first('src/testing/index.js')
const { asClient } = await other('src/testing/index.js')
const fetchGuard = await other('adapters/fetch.js')
const firstGuard = await first('adapters/fetch.js')
const issuer = await createTestIssuer()
let events = []
// The maximum deadline, so that a busy machine does not affect the result.
const deadline = '60s'
const verifier = createVerifier({
  issuers: [oauth(issuer.oauth({ keys: { deadline }, remote: { deadline } }))],
  onDecision: (event) => events.push([event.outcome, event.mode, event.reason ?? null]),
})
const reported = (result) => {
  const seen = events
  events = []
  return [result instanceof Response ? result.status : (result?.clientId ?? null), seen]
}
const request = (headers) => new Request('http://a/', { headers })
const token = (scopes) => asClient(verifier, { clientId: 'billing', scopes })
const results = { isOther: fetchGuard.guard !== firstGuard.guard }

const ask = async (policy, options, headers) =>
  reported(await fetchGuard.guard(verifier, policy, options)(request(headers)))
results.report = await ask({ scopes: 'a' }, { mode: 'report' }, token('b'))
results.optional = await ask({}, { optional: true }, {})
const bare = token('b').authorization.slice('Bearer '.length)
results.header = await ask({ scopes: 'b' }, { header: 'x-token' }, { 'x-token': bare })
const twice = request(token('b'))
await firstGuard.guard(verifier)(twice)
results.twice = reported(await fetchGuard.guard(verifier, { scopes: 'b' })(twice))
const reject = { check: () => new Refusal('token_revoked') }
results.rule = await ask(reject, {}, token('b'))

const app = fastify()
const plugins = [(await first('adapters/fastify.js')).m2mGuard, (await other('adapters/fastify.js')).m2mGuard]
for (const plugin of plugins) app.register(plugin, { verifier })
app.get('/', (request) => request.auth?.clientId ?? null)
const reply = await app.inject({ url: '/', headers: token('a') })
results.fastify = [reply.statusCode, reply.body, events.length]

const messageOf = (run) => {
  try {
    run()
    return 'accepted'
  } catch (error) {
    return [error.name, error.message]
  }
}
const major = await import('./major/src/index.js')
const foreign = major.createVerifier({ issuers: [major.oauth(issuer.oauth())] })
results.major = [
  messageOf(() => firstGuard.guard(foreign)),
  messageOf(() => firstGuard.guard(verifier, { scopes: major.anyOf('a') })),
  messageOf(() => asClient(foreign)),
].map(([name, message]) => [name, /was created by m2m-guard 1, and this is m2m-guard 0/.test(message)])
await issuer.close()
console.log(JSON.stringify(results))
`

/** Makes the code that of the next major version. */
function toNextMajor(copy: string): void {
  for (const name of readdirSync(copy, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.js')) continue
    const code = readFileSync(join(copy, name), 'utf8')
    const changed = code
      .replaceAll('m2m-guard@0/', 'm2m-guard@1/')
      .replace('const MAJOR = 0', 'const MAJOR = 1')
    if (changed !== code) writeFileSync(join(copy, name), changed)
  }
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-guard-copies-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeCopy(join(folder, 'first'), 'esm')
  writeCopy(join(folder, 'common'), 'cjs')
  for (const copy of ['second', 'major'])
    cpSync(join(folder, 'first'), join(folder, copy), { recursive: true })
  toNextMajor(join(folder, 'major'))
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  writeFileSync(join(folder, 'verifiers.mjs'), VERIFIERS)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe.each(['import', 'require'])('a second copy of the package, loaded by %s', (way) => {
  it('works behind a guard of the first: scopes, requirements, tokens and refusals', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs'), way])
    const both = [[200, 'billing'], 403]
    expect(JSON.parse(stdout)).toEqual({
      isOther: true,
      scopes: both,
      policy: both,
      both,
      guard: both,
      refusal: [401, true],
      koa: both,
      fetch: 'billing',
      forged: ['ConfigurationError', 'ConfigurationError', 'ConfigurationError'],
    })
  })

  it('guards with a verifier of the first as if it were its own, and says that another major version differs', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'verifiers.mjs'), way])
    const other = ['ConfigurationError', true]
    expect(JSON.parse(stdout)).toEqual({
      isOther: true,
      report: [null, [['refused', 'report', 'scope_insufficient']]],
      optional: [null, [['accepted', 'enforce', 'token_missing']]],
      header: ['billing', [['accepted', 'enforce', null]]],
      twice: ['billing', [['accepted', 'enforce', null]]],
      rule: [401, [['refused', 'enforce', 'token_revoked']]],
      fastify: [200, 'billing', 1],
      major: [other, other, other],
    })
  })
})

it('copies of another major version are not recognized', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  const [major] = version.split('.')
  let count = 0
  for (const part of ['src', 'adapters']) {
    for (const name of readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const code = readFileSync(join(ROOT, part, name), 'utf8')
      for (const [, marked] of code.matchAll(/(?:Symbol\.for\('m2m-guard@|const MAJOR = )(\d+)/g)) {
        expect([name, marked]).toEqual([name, major])
        count += 1
      }
    }
  }
  expect(count).toBeGreaterThan(5)
})

it('the state that copies share cannot be replaced, as Jest does with the properties of global objects after a file', () => {
  const shared = (globalThis as Record<symbol, unknown>)[Symbol.for('m2m-guard@0/request-state-places')]
  expect(Object.keys(shared as object).length).toBeGreaterThan(0)
  for (const key of Reflect.ownKeys(shared as object)) {
    const overflow = { configurable: true, get: () => undefined, set: () => undefined }
    expect(Reflect.defineProperty(shared as object, key, overflow)).toBe(false)
  }
})
