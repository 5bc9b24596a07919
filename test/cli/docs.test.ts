import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { tokenSource } from '../../src/client/index.js'
import { optionsOf } from '../../src/cli/input/arguments.js'
import { COMMANDS } from '../../src/cli/commands/index.js'
import { DOCTOR_CHECKS } from '../../src/cli/doctor/checks.js'
import { SOURCE_CHECKS } from '../../src/cli/doctor/source-checks.js'
import { EXIT, EXIT_MEANINGS } from '../../src/cli/exit-code.js'
import { toFlag } from '../../src/cli/input/option.js'
import { VARIABLES } from '../../src/cli/input/environment.js'
import {
  blocksOf,
  codeIn,
  PAPERS,
  placeOf,
  readPaper,
  rowsOf,
  sectionOf,
} from '../integration/docs/programs/support.js'
import { cliBed } from '../support/cli.js'
import { systemClock } from '../support/clock.js'
import { startRedis } from '../support/redis/server.js'

const PAPER = 'docs/guide/cli.md'
const text = readPaper(PAPER)
const titleOf = ({ name, vendor }: (typeof COMMANDS)[number]): string =>
  vendor === undefined ? name : `${name} --vendor ${vendor}`
const byTitle = COMMANDS.map((command) => [titleOf(command), command] as const)

describe('docs/guide/cli.md', () => {
  it('has a section for every command and no other', () => {
    const titles = [...text.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title)
    expect(titles.sort()).toEqual(byTitle.map(([title]) => title).sort())
  })

  it.each(byTitle)(
    '%s: lists its options, variables, example and whether it requires confirmation',
    (title, command) => {
      const section = sectionOf(text, title)
      const rows = rowsOf(section, 'option')
      const { operand } = command
      expect(rows.map(({ option }) => codeIn(option))).toEqual([
        ...(operand === undefined ? [] : [`<${operand.name}>`]),
        ...Object.keys(command.options).map(toFlag),
      ])
      const required = rows.filter(({ meaning }) => meaning!.endsWith('(required)'))
      const demanded = Object.values(command.options).filter(({ isRequired }) => isRequired)
      expect(required).toHaveLength(demanded.length + (operand === undefined ? 0 : 1))
      for (const [name, { help, metavar, isSecret }] of Object.entries(command.options)) {
        const row = rows.find(({ option }) => option === `\`${toFlag(name)}\``)!
        expect(row['meaning']).toContain(help)
        const value = metavar === undefined ? '' : isSecret ? '`-` or `env:NAME`' : `\`${metavar}\``
        expect(row['value']).toBe(value)
      }
      expect(section).toContain(`npx m2m-guard ${command.example}\n`)
      expect(section).toContain(command.summary)
      expect(section.includes('Requires confirmation.')).toBe(command.isDestructive)
      const needs = /^Needs (.+)\.$/m.exec(section)?.[1]?.split('; or ') ?? []
      const sets = command.needs.map((set) => set.map((name) => `\`${name}\``).join(', '))
      expect(needs).toEqual(sets)
      if (command.exitCodes === undefined) return
      const codes = rowsOf(section, 'code').map(({ code, meaning }) => [codeIn(code), meaning])
      expect(codes).toEqual(command.exitCodes.meanings.map(([code, meaning]) => [String(code), meaning]))
    },
  )

  it('lists every check of the doctor', () => {
    const rows = rowsOf(sectionOf(text, 'doctor'), 'check')
    expect(rows.map(({ check }) => codeIn(check))).toEqual(
      [...DOCTOR_CHECKS, ...SOURCE_CHECKS].map(({ name }) => name),
    )
  })

  it('lists the options that every command has', () => {
    const rows = rowsOf(sectionOf(text, 'Options of every command'), 'option')
    const common = COMMANDS.flatMap((command) =>
      Object.keys(optionsOf(command)).filter((name) => !Object.hasOwn(command.options, name)),
    )
    expect(rows.map(({ option }) => codeIn(option)).sort()).toEqual([...new Set(common)].map(toFlag).sort())
  })

  it('lists every environment variable, and which are secrets', () => {
    const rows = rowsOf(sectionOf(text, 'Environment variables'), 'variable')
    expect(rows.map(({ variable, vendor, secret }) => [codeIn(variable), vendor, secret])).toEqual(
      Object.entries(VARIABLES).map(([name, { vendor, isSecret }]) => [
        name,
        vendor,
        isSecret ? 'yes' : 'no',
      ]),
    )
  })

  it('lists every exit code', () => {
    const rows = rowsOf(sectionOf(text, 'Exit codes'), 'code')
    const codes = Object.entries(EXIT).map(([name, code]) => [
      String(code),
      EXIT_MEANINGS[name as keyof typeof EXIT],
    ])
    expect(rows.map(({ code, meaning }) => [codeIn(code), meaning])).toEqual(codes)
  })
})

/** URLs in the documentation that a test must not call. */
const URLS = new Set(['https://auth.example.com', 'https://orders.internal/orders'])

describe('command lines in the documentation', () => {
  const lines = PAPERS.flatMap(blocksOf)
    .filter(({ language }) => language === 'sh')
    .flatMap((block) =>
      block.text
        .split('\n')
        .filter((line) => line.includes('npx m2m-guard '))
        .map((line): [string, string] => [placeOf(block), line]),
    )

  it('there is at least one for each command', () => {
    expect(lines.length).toBeGreaterThan(COMMANDS.length)
  })

  it.each(lines)('%s: %s is parsed, and executed or shown', async (_, line) => {
    const { cli, env, issuer, verifier } = await cliBed({ clock: systemClock })
    const { clientId, clientSecret } = issuer.client
    const source = () => tokenSource({ issuer: issuer.url, clientId, clientSecret })
    const isDiagnosis = /m2m-guard (?:explain|doctor)/.test(line)
    const stdin = isDiagnosis ? issuer.mintJwt({ algorithm: 'ES256' }) : 'token'
    const variables = { TOKEN: stdin, ACCESS_TOKEN: 'access', REFRESH_TOKEN: 'refresh' }
    const [, ...words] = wordsOf(line.slice(line.indexOf('m2m-guard')))
    const args = words.map((word) => (URLS.has(word) ? issuer.url : word))
    const asks = COMMANDS.some(
      ({ name, isDestructive }) => isDestructive && args.slice(0, name.split(' ').length).join(' ') === name,
    )
    const yes = asks && !args.includes('--yes') ? ['--yes'] : []
    const redis = args.includes('env:REDIS_URL')
      ? { REDIS_URL: `redis://127.0.0.1:${(await startRedis()).port}` }
      : {}
    const own = args.includes('--vendor') ? {} : { env: { ...env.clerk, ...variables, ...redis } }
    // A command that runs until it is interrupted is interrupted as soon as it prints something, on a free port.
    const isServer = args[0] === 'issuer'
    const interruption = new AbortController()
    const server = {
      signal: interruption.signal,
      stdout: () => Promise.resolve(interruption.abort(new Error('interrupted'))),
    }
    const given = isServer ? [...args.map((word) => (word === '4100' ? '0' : word))] : [...args, ...yes]
    if (isServer && !given.includes('--port')) given.push('--port', '0')
    const result = await cli(given, {
      stdin,
      variables,
      loadPackage: (name) => import(name),
      config: { verifier, ...(args.includes('--guard') ? { source: source() } : {}) },
      ...own,
      ...(isServer ? server : {}),
    })
    // Of random ids and tokens a vendor knows nothing: what it must not be is wrong use.
    expect([0, 1, 4]).toContain(result.code)
    expect(result.stderr).not.toContain('unexpected')
    const isLocal =
      isServer ||
      'REDIS_URL' in redis ||
      args.includes('--help') ||
      args.join(' ').startsWith('tokens verify env:TOKEN --vendor stytch')
    const isOffline = args.includes('--offline')
    if (!isLocal && !isOffline) expect(issuer.calls.total).toBeGreaterThan(0)
  })
})

/** The words of a shell's line, up to where its output or input is led. */
function wordsOf(line: string): readonly string[] {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  const end = words.findIndex((word) => ['<', '>', '|'].includes(word))
  return end === -1 ? words : words.slice(0, end)
}

const modules = PAPERS.flatMap(blocksOf).filter(({ text }) => /^\/\/ \S+\.mjs\n/.test(text))

it.each(modules.map((block) => [placeOf(block), block] as const))(
  '%s: a module with the name *.mjs has no syntax of TypeScript',
  (_, block) => {
    const args = ['--check', '--input-type=module', '-']
    expect(spawnSync(process.execPath, args, { input: block.text, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    })
  },
)
