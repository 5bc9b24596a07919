import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { builtTimers } from '../../support/packed/packed-package.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** The examples keep the default deadlines, which a busy machine may exceed. */
const LONG_DEADLINES = fileURLToPath(new URL('../../support/setup/long-deadlines.ts', import.meta.url))

/** Flags of Node for a TypeScript program in which no deadline passes because the machine is slow. */
export const TSX = ['--import', 'tsx', '--import', LONG_DEADLINES] as const

/** Below node_modules, so that Node finds the packages that the examples import. */
const CACHE = join(ROOT, 'node_modules/.cache/m2m-guard')

let compiled: string | undefined

/** Compiles the examples once per test file, for programs that start four times as fast as with tsx. */
function compileExamples(): string {
  if (compiled !== undefined) return compiled
  mkdirSync(CACHE, { recursive: true })
  const folder = mkdtempSync(join(CACHE, 'examples-'))
  compiled = folder
  const compile = (
    source: string,
    target: string,
    replace: (code: string) => string = (code) => code,
  ): void => {
    const compilerOptions = {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      experimentalDecorators: true,
    }
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, source), 'utf8'), { compilerOptions })
    mkdirSync(dirname(join(folder, target)), { recursive: true })
    writeFileSync(join(folder, target), replace(outputText))
  }
  for (const name of readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.ts')) compile(`examples/${name}`, `examples/${name.replace(/\.ts$/, '.js')}`)
  }
  const timers = pathToFileURL(builtTimers(join(ROOT, 'dist'))).href
  compile('test/support/setup/long-deadlines.ts', 'long-deadlines.js', (code) =>
    code.replace('../../../src/util/timers.js', timers),
  )
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/m2m-guard'), 'dir')
  return folder
}

/** How a program ended and what it wrote. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A running program. */
export interface Running {
  /** Resolves with all output so far once it matches; rejects if the program ends before. */
  until(pattern: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<Ended>
}

const children = new Set<ChildProcess>()

/** Ends the programs of a failed test and their child processes: tsx runs a program in a separate process. */
export function endAll(): void {
  for (const { pid } of children) {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  if (compiled !== undefined) rmSync(compiled, { recursive: true, force: true })
  compiled = undefined
}

/**
 * Starts a TypeScript program in the project's folder, as `npm start` does, without variables that could change an example.
 * In one process: the `tsx` command runs a second one, and ends with 130 if that is busy for 30 ms when a signal arrives.
 */
function startTsx(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return startNode([...TSX, ...args], env)
}

/** Runs a TypeScript program to its end. */
export function runTsx(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startTsx(args, env).ended
}

/** Starts an example as the compiler and the build leave it, for what does not depend on tsx. */
export function startCompiled(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Running {
  const folder = compileExamples()
  const program = join(folder, file.replace(/\.ts$/, '.js'))
  return startNode(['--import', pathToFileURL(join(folder, 'long-deadlines.js')).href, program, ...args], env)
}

/** Runs an example to its end, as the compiler and the build leave it. */
export function runCompiled(
  args: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return startCompiled(args, env).ended
}

/** Runs a piece of TypeScript to its end. */
export function runScript(source: string): Promise<Ended> {
  return startNode([...TSX, '--input-type=module', '--eval', source]).ended
}

/** Starts Node in the project's folder. */
export function startNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const foreign = /^(OAUTH|CLERK|STYTCH|AUTHLETE)_|^(PORT|GUARD_MODE|NODE_OPTIONS|NODE_TEST_CONTEXT)$/
  const inherited = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group, so that endAll() reaches all of its processes.
    detached: true,
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child)
    return { code: code as number | null, stdout, stderr }
  })
  return {
    ended,
    kill: (signal) => child.kill(signal),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(stdout)) resolve(stdout)
        }
        child.stdout.on('data', look)
        void ended.then((end) => reject(new Error(`ended before ${pattern.source}: ${JSON.stringify(end)}`)))
        look()
      }),
  }
}

/** The request of a printed curl line. */
export interface CurlRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Reads a printed line; throws at anything it does not know, so that no part of the line goes unchecked. */
export function readCurlLine(line: string): CurlRequest {
  const match = /^curl -i(?: -H "([^":]+): ([^"]+)")? (http:\/\/127\.0\.0\.1:\d+\/\S*)$/.exec(line)
  if (match === null) throw new Error(`not a curl line: ${line}`)
  const [, name, value, url] = match
  return { url: url!, headers: name === undefined ? {} : { [name]: value! } }
}

/** The status of the response. */
export async function statusOf({ url, headers }: CurlRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode!))
    })
      .on('error', reject)
      .end()
  })
}
