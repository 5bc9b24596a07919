import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../src/guard/request-state.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Compiles the package to another path, which makes it a copy with separate module instances. */
function writeCopy(folder: string, module: ts.ModuleKind): void {
  const type = module === ts.ModuleKind.CommonJS ? 'commonjs' : 'module'
  const compilerOptions = { module, target: ts.ScriptTarget.ES2022, esModuleInterop: true }
  for (const part of ['src', 'adapters']) {
    for (const name of readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue
      const target = join(folder, part, name.replace(/\.ts$/, '.js'))
      mkdirSync(dirname(target), { recursive: true })
      const { outputText } = ts.transpileModule(readFileSync(join(ROOT, part, name), 'utf8'), {
        compilerOptions,
      })
      writeFileSync(target, outputText)
    }
  }
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

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'm2m-guard-copies-'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeCopy(join(folder, 'first'), ts.ModuleKind.ESNext)
  writeCopy(join(folder, 'second'), ts.ModuleKind.ESNext)
  writeCopy(join(folder, 'common'), ts.ModuleKind.CommonJS)
  writeFileSync(join(folder, 'program.mjs'), PROGRAM)
  // Compiling three times takes more than a minute on a busy machine.
}, 600_000)
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
})

it('copies of another major version are not recognized', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string
  }
  const [major] = version.split('.')
  for (const file of ['src/model/scopes.ts', 'src/model/refusal.ts', 'src/guard/request-state.ts']) {
    const brands = readFileSync(join(ROOT, file), 'utf8').matchAll(/Symbol\.for\('m2m-guard@(\d+)\//g)
    for (const [, marked] of brands) expect(marked).toBe(major)
  }
})

it('the state that copies share cannot be replaced, as Jest does with the properties of global objects after a file', () => {
  const shared = (globalThis as Record<symbol, unknown>)[Symbol.for('m2m-guard@0/request-state-places')]
  expect(Object.keys(shared as object).length).toBeGreaterThan(0)
  for (const key of Reflect.ownKeys(shared as object)) {
    const overflow = { configurable: true, get: () => undefined, set: () => undefined }
    expect(Reflect.defineProperty(shared as object, key, overflow)).toBe(false)
  }
})
