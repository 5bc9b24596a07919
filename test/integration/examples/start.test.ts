import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../support/servers/free-port.js'
import {
  endAll,
  readCurlLine,
  runCompiled,
  runInTurn,
  runScript,
  runTsx,
  startCompiled,
  statusOf,
  type Ended,
} from './support.js'

const MAIN = 'examples/start/main.ts'

afterAll(endAll)

const FRAMEWORKS = ['express', 'koa', 'fastify']

/** Invalid command lines, and what each prints. */
const INVALID: readonly (readonly [readonly string[], string])[] = [
  [['--bogus'], "Unknown option '--bogus'"],
  [['stray'], "Unexpected argument 'stray'"],
  [['--framework', 'hapi'], "--framework must be one of express, koa, fastify, not 'hapi'"],
  [['--port', '65536'], "--port must be a number from 0 to 65535, not '65536'"],
  [['--issuer-port', 'x'], "--issuer-port must be a number from 0 to 65535, not 'x'"],
  [['--port'], "Option '--port <value>' argument missing"],
  [['--once=yes'], "Option '--once' does not take an argument"],
]

/** Options whose port is in use, in a framework. */
const IN_USE = [
  ['--port', 'express'],
  ['--port', 'fastify'],
  ['--issuer-port', 'express'],
] as const

const ofPort = (option: string, framework: string, port: number): readonly string[] => [
  '--once',
  '--framework',
  framework,
  option,
  String(port),
]
const ofFramework = (framework: string): readonly string[] => ['--once', '--framework', framework]
const ofPorts = ([port, issuerPort]: readonly number[]): readonly string[] => [
  '--once',
  '--port',
  `${port}`,
  '--issuer-port',
  `${issuerPort}`,
]

/** How each command line ended. */
const ends = new Map<string, Ended>()
const endOf = (args: readonly string[]): Ended => ends.get(args.join(' '))!

let takenPort: number
let freePorts: readonly number[]
beforeAll(async () => {
  const occupant = createServer().listen(0, '127.0.0.1')
  await once(occupant, 'listening')
  takenPort = (occupant.address() as AddressInfo).port
  freePorts = [await freePort(), await freePort()]
  const lines = [
    ...FRAMEWORKS.map(ofFramework),
    ['--help'],
    ...INVALID.map(([args]) => args),
    ...IN_USE.map(([option, framework]) => ofPort(option, framework, takenPort)),
    ofPorts(freePorts),
  ]
  const ended = await runInTurn(lines.map((args) => [MAIN, ...args] as const))
  for (const [index, args] of lines.entries()) ends.set(args.join(' '), ended[index]!)
  occupant.close()
})

/** The table's rows as they are read: request, status, reason, from, calls to the issuer. */
const ROWS = [
  ['no token', '401', 'token_missing', '–', '0'],
  ['JWT', '200', '–', 'local', '2 (discovery, jwks)'],
  ['the same JWT again', '200', '–', 'cache', '0'],
  ['opaque token', '200', '–', 'remote', '1 (introspection)'],
  ['the same opaque token again', '200', '–', 'cache', '0'],
  ['wrong scope', '403', 'scope_insufficient', 'local', '0'],
  ['too old: 10 min, maximum 5 min', '401', 'token_too_old', 'local', '0'],
  ['expired a minute ago', '401', 'token_expired', 'local', '0'],
  ['wrong audience', '401', 'audience_mismatch', 'local', '0'],
  ['opaque token, confirmed on every request', '200', '–', 'remote', '1 (introspection)'],
  ['the same, revoked at the issuer', '401', 'token_inactive', 'remote', '1 (introspection)'],
  ['keys rotated: JWT signed with the new key', '200', '–', 'local', '1 (jwks)'],
  ['keys rotated: the first JWT, old key removed', '401', 'key_unknown', 'local', '0'],
  [
    'issuer down: new opaque token',
    expect.stringMatching(/^503, retry after \d+ s$/),
    'issuer_unavailable',
    'remote',
    expect.stringMatching(/^[1-9]/),
  ],
  ['issuer down: new JWT, its key is cached', '200', '–', 'local', '0'],
  ['issuer down: cached JWT', '200', '–', 'cache', '0'],
]

/** The cells below the line of dashes, up to the empty line. */
function rowsOf(stdout: string): string[][] {
  const lines = stdout.split('\n')
  const first = lines.findIndex((line) => line.startsWith('---')) + 1
  const last = lines.indexOf('', first)
  return lines.slice(first, last).map((line) => line.split(/ {2,}/))
}

describe('the main job, once', () => {
  it.each(FRAMEWORKS)('in %s every row is as expected', (framework) => {
    const { code, stdout, stderr } = endOf(ofFramework(framework))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const rows = rowsOf(stdout)
    expect(
      rows.map(([request, , status, reason, from, calls]) => [request, status, reason, from, calls]),
    ).toEqual(ROWS)
    for (const row of rows) expect(row[6]).toMatch(/^\d+\.\d$/)
    expect(stdout).toContain(`(${framework})`)
    expect(stdout.trimEnd()).toMatch(/16 rows, all as expected$/)
  })

  it('takes Express if no framework is named', async () => {
    // With tsx, as `npm start` runs it.
    const { code, stdout } = await runTsx([MAIN, '--once'])
    expect(code).toBe(0)
    expect(stdout).toContain('(express)')
  })

  it('marks and counts the rows that are not as expected, and ends with 1', async () => {
    // The job itself with four expectations that are wrong, each in another respect.
    const { code, stdout, stderr } = await runScript(`
      import { mainJob } from './examples/start/main-job.js'
      import { scenario } from './examples/start/scenario.js'
      const wrong = { 0: { status: 403 }, 1: { source: 'cache' }, 2: { calls: ['jwks'] }, 5: { reason: 'check_failed' } }
      process.exitCode = await mainJob({ framework: 'express', port: 0, issuerPort: 0, once: true }, (issuer) =>
        scenario(issuer).map((row, index) => ({ ...row, expected: { ...row.expected, ...wrong[index] } })),
      )`)
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout.split('\n').filter((line) => line.includes('UNEXPECTED'))).toEqual([
      '^ UNEXPECTED: expected 403, token_missing, from –, calls 0',
      '^ UNEXPECTED: expected 200, no reason, from cache, calls 2 (discovery, jwks)',
      '^ UNEXPECTED: expected 200, no reason, from cache, calls 1 (jwks)',
      '^ UNEXPECTED: expected 403, check_failed, from local, calls 0',
    ])
    expect(stdout.trimEnd()).toMatch(/16 rows, 4 NOT as expected$/)
  })
})

describe('the command line', () => {
  it('--help names every option and ends with 0', () => {
    const { code, stdout, stderr } = endOf(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const option of ['--framework', '--port', '--issuer-port', '--once', '--fleet', '--help'])
      expect(stdout).toContain(option)
  })

  it.each(INVALID)('%j prints one line and exits with 2', (args, message) => {
    expect(endOf(args)).toEqual({
      code: 2,
      stdout: '',
      stderr: `${message}. See npm start -- --help\n`,
    })
  })

  it.each(IN_USE)('a %s in use is one line and 1 (%s)', (option, framework) => {
    expect(endOf(ofPort(option, framework, takenPort))).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${takenPort} is in use. Pass another port, or omit the option to use a free port.\n`,
    })
  })

  it('the given ports are used', () => {
    const { code, stdout } = endOf(ofPorts(freePorts))
    const [port, issuerPort] = freePorts
    expect(code).toBe(0)
    expect(stdout).toMatch(
      new RegExp(
        `^issuer  http://127\\.0\\.0\\.1:${issuerPort} .*\\nAPI     http://127\\.0\\.0\\.1:${port} `,
      ),
    )
  })
})

describe('the demonstration with several processes', () => {
  it('prints what docs/guide/fleet.md shows, and ends with 0', async () => {
    const { code, stdout, stderr } = await runCompiled([MAIN, '--fleet'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const page = readFileSync(new URL('../../../docs/guide/fleet.md', import.meta.url), 'utf8')
    expect(page).toContain(`\`\`\`text\n${stdout}\`\`\`\n`)
  })

  it('without Redis says in one line what to do, and ends with 1', async () => {
    const ended = runCompiled([MAIN, '--fleet'], { PATH: '/nowhere' })
    expect(await ended).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^The demonstration needs redis-server .* Install it: .*\n$/) as string,
    })
  })
})

describe('the main job, staying up', () => {
  it('prints curl lines that get the responses it states, until Ctrl-C', async () => {
    const job = startCompiled([MAIN])
    const stdout = await job.until(/Press Ctrl-C to stop\./)
    const lines = [...stdout.matchAll(/^# (\d{3}): .*\n(curl .*)$/gm)].map(([, status, line]) => ({
      status: Number(status),
      line: line!,
    }))
    expect(lines.map(({ status }) => status)).toEqual([200, 200, 403, 401, 401, 200])
    for (const { status, line } of lines)
      expect([line, await statusOf(readCurlLine(line))]).toEqual([line, status])
    // The very words, where there is a curl to paste them to.
    if (spawnSync('curl', ['--version']).status === 0) {
      for (const { status, line } of lines) {
        expect(spawnSync(line, { shell: true, encoding: 'utf8' }).stdout).toMatch(
          new RegExp(`^HTTP/1\\.1 ${status} `),
        )
      }
    }
    job.kill('SIGINT')
    expect(await job.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it.each(['koa', 'fastify'])('SIGTERM ends it with 0 (%s)', async (framework) => {
    const job = startCompiled([MAIN, '--framework', framework])
    await job.until(/Press Ctrl-C to stop\./)
    job.kill('SIGTERM')
    expect(await job.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('Ctrl-C during the table ends it as well', async () => {
    const job = startCompiled([MAIN])
    await job.until(/^issuer/)
    job.kill('SIGINT')
    expect(await job.ended).toMatchObject({ code: 0, stderr: '' })
  })
})
