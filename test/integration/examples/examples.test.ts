import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestIssuer } from '../../../src/testing/index.js'
import {
  compiledFile,
  compiledFlags,
  endAll,
  readCurlLine,
  runCompiled,
  runInTurn,
  runScript,
  runTsx,
  startCompiled,
  startNode,
  startTogether,
  statusOf,
  TSX,
  type Ended,
  type Running,
} from './support.js'

afterAll(endAll)

const EXAMPLES = new URL('../../../examples/', import.meta.url)

/** Each example with the output that it must print about its requests, in order. */
const PRINTED: Readonly<Record<string, readonly RegExp[]>> = {
  express: [
    /^401 {2}GET \/orders, no token: /,
    /^200 {2}GET \/orders, scope orders:read: .*"orders":\["o-1","o-2"\]/,
    /^403 {2}POST \/orders, without the scope orders:write: .*insufficient_scope/,
    /^401 {2}POST \/orders, scope orders:write, token too old: .*too old/,
  ],
  koa: [/^401 .*no token/, /^200 .*"orders":\["o-1","o-2"\]/, /^403 .*insufficient_scope/],
  fastify: [
    /^200 {2}GET \/health/,
    /^401 .*no token/,
    /^200 .*"orders":\["o-1","o-2"\]/,
    /^403 .*insufficient_scope/,
  ],
  fetch: [/^401 .*no token/, /^200 .*"orders":\["o-1","o-2"\]/, /^403 .*insufficient_scope/],
  hono: [/^401 .*no token/, /^200 .*"orders":\["o-1","o-2"\]/, /^403 .*insufficient_scope/],
  nestjs: [
    /^200 {2}GET \/health/,
    /^401 .*no token/,
    /^200 .*"orders":\["o-1","o-2"\]/,
    /^403 .*insufficient_scope/,
  ],
  oauth: [/^200 .*"format":"jwt"/, /^200 .*"format":"opaque"/, /^401 .*unknown opaque token/],
  clerk: [
    /^200 .*"format":"opaque","machine":"mch_/,
    /^200 .*"format":"jwt","machine":"mch_/,
    /^403 .*another machine/,
  ],
  stytch: [/^200 .*\["read:orders"\]/, /^200 .*\["read:\*"\]/, /^403 .*another resource/],
  'rotate-stytch-secret': [
    /^([6-9]\d|\d{3,}) requests with \d{2,} tokens during the rotation, 0 failed$/,
    /^The old secret is refused$/,
    /^200 {2}GET \/orders, another client/,
  ],
  'clerk-revocation': [
    /^before the revocation: cached 200, confirmed 200$/,
    /^immediately after the revocation: cached 200, confirmed 401$/,
    /^after 15 s: cached 200, confirmed 401$/,
    /^after 31 s: cached 401, confirmed 401$/,
    /^200 {2}GET \/confirmed, another token/,
  ],
  'service-calls-service': [/^401 .*no token/, /^200 .*"orders":\["o-1","o-2"\],"client":/],
  authlete: [/^200 .*"format":"opaque"/, /^200 .*"format":"jwt"/, /^401 .*not issued for this API/],
  'several-issuers': [
    /^200 .*"provider":"oauth"/,
    /^200 .*"provider":"clerk"/,
    /^200 .*"provider":"stytch"/,
    /^200 {2}GET \/refunds, of the OAuth issuer/,
    /^403 {2}GET \/refunds, of Clerk/,
  ],
  'open-routes-and-cors': [
    /^200 {2}GET \/health/,
    /^204 {2}OPTIONS \/orders, preflight/,
    /^401 {2}GET \/orders/,
    /^401 {2}GET \/unknown/,
    /^200 {2}GET \/orders, scope orders:read/,
  ],
  'report-mode': [
    /^guard: \/orders would have been refused: token_missing/,
    /^200 .*no token/,
    /^guard: \/orders would have been refused: scope_insufficient \(client billing\)/,
    /^200 .*without the scope/,
    /^200 .*scope orders:read.*"client":"shipping"/,
  ],
}

const names = Object.keys(PRINTED)

it('every example is tested here', () => {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.ts'))
  expect(files).toEqual(names.map((name) => `${name}.ts`).sort())
})

/** What `--once` prints for an example, line by line. */
function expectPrinted(name: string, { code, stdout, stderr }: Ended): void {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toEqual(PRINTED[name]!.map((pattern): unknown => expect.stringMatching(pattern)))
}

const fileOf = (name: string): string => `examples/${name}.ts`
/** Its decorators are what depends most on how TypeScript is compiled. */
const WITH_TSX = 'nestjs'

describe('with --once', () => {
  let ended: readonly Ended[]
  beforeAll(async () => {
    const inTurn = await runInTurn(names.map((name) => [fileOf(name), '--once'] as const))
    const withTsx = await runTsx([fileOf(WITH_TSX), '--once'])
    ended = names.map((name, index) => (name === WITH_TSX ? withTsx : inTurn[index]!))
  })

  it.each(names)('the example %s says in its first lines how to run it, and does it', (name) => {
    const comment = readFileSync(new URL(`${name}.ts`, EXAMPLES), 'utf8').split('\nimport ')[0]
    expect(comment).toContain(`npx tsx ${fileOf(name)} --once `)
    expectPrinted(name, ended[names.indexOf(name)]!)
  })
})

describe('without --once', () => {
  let examples: Running
  let stdout: string
  beforeAll(async () => {
    examples = startTogether(names.map(fileOf))
    stdout = await examples.until(/^# all$/m)
  })

  it.each(names)('the example %s stays up with a curl line that works', async (name) => {
    const [, printed = ''] = stdout.split(`# ${fileOf(name)}\n`)
    const [line = ''] = /^curl .*$/m.exec(printed.split('\n# ')[0]!) ?? []
    expect(await statusOf(readCurlLine(line))).toBe(200)
  })

  it('every example ends with Ctrl-C', async () => {
    examples.kill('SIGINT')
    expect(await examples.ended).toMatchObject({ code: 0, stderr: '' })
  })
})

it('in enforce mode, the guard of the roll-out refuses', async () => {
  const { code, stdout } = await runCompiled(['examples/report-mode.ts', '--once'], { GUARD_MODE: 'enforce' })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^401 .*no token/m)
  expect(stdout).toMatch(/^403 .*without the scope/m)
})

it('the example of testing a route passes with the command it documents', async () => {
  const file = 'examples/testing-a-route/orders.test.ts'
  expect(readFileSync(new URL('testing-a-route/orders.test.ts', EXAMPLES), 'utf8')).toContain(
    `node --import tsx --test ${file}`,
  )
  const { code, stdout } = await startNode([...TSX, '--test', '--test-reporter=tap', file]).ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/^# pass 5$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})

it('the example of the audit documents the same command, and finds a forgotten guard and scope', async () => {
  const file = 'examples/testing-a-route/audit.test.ts'
  expect(readFileSync(new URL('testing-a-route/audit.test.ts', EXAMPLES), 'utf8')).toContain(
    `node --import tsx --test ${file}`,
  )
  const program = compiledFile(file)
  const { code, stdout } = await startNode([...compiledFlags(), '--test', '--test-reporter=tap', program])
    .ended
  expect(code).toBe(0)
  expect(stdout).toMatch(/^# pass 2$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
  expect(stdout).toContain('GET /reports: 200 without a token')
  expect(stdout).toContain('DELETE /orders/:id: 204 with a valid token that has no permission (option token)')
})

describe('every example', () => {
  it('uses the issuer of the environment where one is set', async () => {
    await using issuer = await createTestIssuer()
    const env = {
      OAUTH_ISSUER: issuer.url,
      OAUTH_AUDIENCE: issuer.audience,
      OAUTH_CLIENT_ID: issuer.client.clientId,
      OAUTH_CLIENT_SECRET: issuer.client.clientSecret,
    }
    const example = startCompiled(['examples/oauth.ts'], env)
    const stdout = await example.until(/^curl .*\n/m)
    expect(stdout).toContain('Bearer $TOKEN')
    for (const token of [
      issuer.mintJwt({ scopes: 'orders:read' }),
      issuer.mintOpaque({ scopes: 'orders:read' }),
    ]) {
      const line = /^curl .*$/m.exec(stdout)![0].replace('$TOKEN', token)
      expect(await statusOf(readCurlLine(line))).toBe(200)
    }
    example.kill('SIGTERM')
    expect(await example.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('says which variables are missing where only some are set', async () => {
    const { code, stderr } = await runCompiled(['examples/stytch.ts', '--once'], {
      STYTCH_PROJECT_ID: 'project-test-1',
    })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'Also set STYTCH_API_URL, or none of STYTCH_PROJECT_ID, STYTCH_API_URL to use a test issuer.\n',
    })
  })

  it('knows no other option than --once', async () => {
    const { code, stdout, stderr } = await runCompiled(['examples/koa.ts', '--nope'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^Unknown option '--nope'.*\n$/)
  })

  it('exits with 1 if a response is not as expected', async () => {
    const { code, stdout, stderr } = await runScript(`
      import { createServer } from 'node:http'
      process.argv.push('--once')
      const { demonstrate } = await import('./examples/support/demonstrate.js')
      const server = createServer((request, response) => response.end('hello')).listen(0, '127.0.0.1')
      await demonstrate(server, undefined, [
        { what: 'good', path: '/', status: 200 },
        { what: 'bad', path: '/', status: 401 },
      ])`)
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toBe('200  GET /, good: hello\n200  GET /, bad: hello\n^ UNEXPECTED: expected 401\n')
  })
})
