import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { promptOn } from '../../src/cli/input/prompt.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import { environmentsOf } from '../support/cli.js'
import { bundle } from '../support/processes/bundle.js'
import { firstOutput } from '../support/processes/first-output.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MAIN = `${ROOT}src/cli/main.ts`
const [program = '', library] = bundle(
  new URL('../../src/cli/main.ts', import.meta.url),
  new URL('../../src/index.ts', import.meta.url),
)

async function startIssuer(): Promise<TestIssuer> {
  const issuer = await createTestIssuer()
  onTestFinished(() => issuer.close())
  return issuer
}

interface Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

/** The command as a process of its own, without a terminal. A string is split at spaces. */
function start(
  issuer: TestIssuer,
  given: string | readonly string[],
  more: Readonly<Record<string, string>> = {},
): Child {
  const args = typeof given === 'string' ? given.split(' ') : given
  const vendors = environmentsOf(issuer)
  const env = { PATH: process.env['PATH'], ...vendors.clerk, ...vendors.oauth, ...more }
  const child = spawn(process.execPath, [program, ...args], { cwd: ROOT, env })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (texts.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (texts.stderr += String(chunk)))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...texts }))
  return { process: child, ended }
}

/** The longest deadline there is, so that a busy machine does not end a call. */
const PATIENT = '--deadline 60s'

describe('m2m-guard as a process', () => {
  it('reads a token from stdin, writes the result to stdout and sets the exit code', async () => {
    const issuer = await startIssuer()
    const verdict = async (token: string) => {
      const { process: child, ended } = start(issuer, `tokens introspect - --vendor oauth --json ${PATIENT}`)
      child.stdin.end(`${token}\n`)
      const { code, stdout, stderr } = await ended
      return { code, stderr, active: (JSON.parse(stdout) as { active: boolean }).active }
    }
    expect(await verdict(issuer.mintOpaque())).toEqual({ code: 0, stderr: '', active: true })
    expect(await verdict('unknown')).toEqual({ code: 4, stderr: '', active: false })
  })

  it('explains a token with the verifier of a module', async () => {
    const issuer = await startIssuer()
    const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
    onTestFinished(() => {
      rmSync(folder, { recursive: true })
    })
    const config = join(folder, 'auth.mjs')
    writeFileSync(
      config,
      `import { createVerifier, oauth } from ${JSON.stringify(library)}
       const { ISSUER: issuer } = process.env
       export const verifier = createVerifier({
         issuers: [oauth({ issuer, audience: 'https://api.test', keys: { deadline: '60s' } })],
       })`,
    )
    const explained = async (args: string) => {
      const { process: child, ended } = start(
        issuer,
        ['explain', '-', '--config', config, ...args.split(' ')],
        {
          ISSUER: issuer.url,
        },
      )
      child.stdin.end(`Bearer ${issuer.mintJwt({ scopes: 'orders:read' })}\n`)
      return ended
    }
    const [accepted, refused] = [await explained('--scopes orders:read'), await explained('--scopes admin')]
    expect(accepted).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('Result: accepted'),
    })
    expect(refused).toMatchObject({ code: 1, stderr: '', stdout: expect.stringContaining('✗ scopes ') })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'ends on the first %s while a config does not load',
    async (signal) => {
      const issuer = await startIssuer()
      const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
      onTestFinished(() => {
        rmSync(folder, { recursive: true })
      })
      const config = join(folder, 'auth.mjs')
      writeFileSync(config, "console.error('loading'); await new Promise(() => {})")
      const { process: child, ended } = start(issuer, ['doctor', '--config', config])
      await firstOutput(child, child.stderr)
      child.kill(signal)
      expect(await ended).toEqual({ code: 130, stdout: '', stderr: 'loading\nInterrupted\n' })
    },
  )

  it('refuses a destructive command without a terminal', async () => {
    const issuer = await startIssuer()
    const TOKEN = issuer.mintOpaque()
    const { ended } = start(issuer, 'tokens revoke env:TOKEN --vendor oauth', { TOKEN })
    expect(await ended).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('--yes') })
    expect(issuer.calls.total).toBe(0)
  })

  it('exits with 130 and one line on Ctrl-C while the vendor does not respond', async () => {
    const issuer = await startIssuer()
    const gate = issuer.gate('clerkTokens')
    const { process: child, ended } = start(issuer, `tokens create --vendor clerk ${PATIENT}`)
    await gate.waiting
    child.kill('SIGINT')
    const { code, stdout, stderr } = await ended
    gate.release()
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toBe('Interrupted. It is unknown whether the change was made: check before repeating it\n')
  })

  it('prints no stack trace if the reader of a list closes the pipe', async () => {
    const issuer = await startIssuer()
    for (let count = 0; count < 300; count += 1) issuer.mintOpaque({ provider: 'clerk' })
    const gate = issuer.gate('clerkTokens')
    const list = `tokens list --vendor clerk --json --subject ${issuer.clerkMachines.sender.id} ${PATIENT}`
    const { process: child, ended } = start(issuer, list)
    await gate.waiting
    child.stdout.destroy()
    gate.release()
    expect(await ended).toMatchObject({ code: 1, stderr: '' })
  })

  it('prints no stack trace for invalid usage', async () => {
    const { ended } = start(await startIssuer(), 'tokens nonsense')
    const { code, stderr } = await ended
    expect(code).toBe(2)
    expect(stderr).toMatch(/^Unknown command tokens "nonsense"\. Known are .*\n$/)
  })
})

it('package.json declares the m2m-guard binary, and the file starts with a shebang', () => {
  const { bin } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { bin: Record<string, string> }
  expect(bin).toEqual({ 'm2m-guard': './dist/src/cli/main.js' })
  expect(readFileSync(MAIN, 'utf8').startsWith('#!/usr/bin/env node\n')).toBe(true)
})

describe('a prompt at the terminal', () => {
  const QUESTION = 'Really? [y/N] '

  function terminal(): { input: PassThrough; output: PassThrough; controller: AbortController } {
    return { input: new PassThrough(), output: new PassThrough(), controller: new AbortController() }
  }

  it('is shown, and resolves to the next line', async () => {
    const { input, output, controller } = terminal()
    const answer = promptOn(input, output, QUESTION, controller.signal)
    expect(String(output.read())).toBe(QUESTION)
    input.write('yes\nmore\n')
    expect(await answer).toBe('yes')
  })

  it('resolves to an empty value at the end of the input and on Ctrl-C', async () => {
    const ended = terminal()
    const first = promptOn(ended.input, ended.output, QUESTION, ended.controller.signal)
    ended.input.end()
    expect(await first).toBe('')
    const aborted = terminal()
    const second = promptOn(aborted.input, aborted.output, QUESTION, aborted.controller.signal)
    aborted.controller.abort()
    expect(await second).toBe('')
    const late = terminal()
    late.controller.abort()
    expect(await promptOn(late.input, late.output, QUESTION, late.controller.signal)).toBe('')
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('a development issuer ends with 0 on %s', async (signal) => {
    const { process: child, ended } = start(await startIssuer(), 'issuer --port 0 --json')
    await firstOutput(child)
    child.kill(signal)
    expect(await ended).toMatchObject({ code: 0, stderr: '' })
  })
})
