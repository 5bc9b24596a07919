import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle } from '../../support/processes/bundle.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** The examples keep the default deadlines, which a busy machine may exceed. */
const LONG_DEADLINES = 'test/support/setup/long-deadlines'

/** Flags of Node for a TypeScript program in which no deadline passes because the machine is slow. */
export const TSX = ['--import', 'tsx', '--import', join(ROOT, `${LONG_DEADLINES}.ts`)] as const

/** What the tests start in addition to the examples at the top of the folder. */
const PARTS = [
  'support/demonstrate',
  'start/main',
  'start/main-job',
  'start/scenario',
  'testing-a-route/audit.test',
]

/** Compiles the examples and returns the folder. `m2m-guard` is the sources, as with tsx: both read the paths in tsconfig.json. */
function compileExamples(): string {
  const examples = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.ts'))
  const files = [...examples, ...PARTS.map((part) => `${part}.ts`)].map((name) => `examples/${name}`)
  const sources = [`${LONG_DEADLINES}.ts`, ...files].map((file) => pathToFileURL(join(ROOT, file)))
  const [first = ''] = bundle(...sources)
  return first.slice(0, -`${LONG_DEADLINES}.js`.length)
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

/** Starts a compiled example, for what does not depend on tsx. */
export function startCompiled(
  [file, ...args]: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Running {
  return startNode([...compiledFlags(), compiledFile(file), ...args], env)
}

/** Runs a compiled example to its end. */
export function runCompiled(
  args: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return startCompiled(args, env).ended
}

/** Flags of Node for a compiled example. */
export function compiledFlags(): readonly string[] {
  return ['--import', pathToFileURL(compiledFile(`${LONG_DEADLINES}.ts`)).href]
}

/** The path of a compiled example. */
export function compiledFile(file: string): string {
  return join(compileExamples(), file.replace(/\.ts$/, '.js'))
}

/** Runs a module to its end that imports compiled examples by their path in the project. */
export function runScript(source: string): Promise<Ended> {
  return startScript(source).ended
}

function startScript(source: string): Running {
  // A file, because parseArgs() reads the arguments of a program from another position if there is --eval.
  const file = join(compileExamples(), `${randomUUID()}.js`)
  writeFileSync(file, source)
  return startNode([...compiledFlags(), file])
}

/**
 * Runs compiled examples with their arguments one after another in one process, because loading the packages takes most of
 * the time of each. Rejects if anything keeps that process from ending with 0, or if it writes anything outside their runs.
 */
export async function runInTurn(
  runs: readonly (readonly [string, ...string[]])[],
): Promise<readonly Ended[]> {
  const { code, stdout, stderr } = await startScript(`
    // Each example waits for signals.
    process.setMaxListeners(0)
    const streams = ['stdout', 'stderr'].map((name) => [name, process[name].write])
    const ended = []
    for (const [index, [file, ...args]] of ${JSON.stringify(runs)}.entries()) {
      const printed = { stdout: '', stderr: '' }
      for (const [name] of streams) process[name].write = (text) => (printed[name] += text, true)
      process.argv = [process.execPath, file, ...args]
      await import('./' + file.replace(/ts$/, 'js?' + index))
      ended.push({ code: process.exitCode ?? 0, ...printed })
      process.exitCode = undefined
    }
    for (const [name, write] of streams) process[name].write = write
    console.log(JSON.stringify(ended))`).ended
  if (code !== 0 || stderr !== '') throw new Error(`ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as readonly Ended[]
}

/** Starts compiled examples in one process, each as soon as the one before prints its last line. Prints their names before. */
export function startTogether(files: readonly string[]): Running {
  return startScript(`
    process.setMaxListeners(0)
    const write = process.stdout.write
    for (const file of ${JSON.stringify(files)}) {
      console.log('# ' + file)
      const isUp = new Promise((resolve) => {
        process.stdout.write = function (text, ...rest) {
          if (/^curl /m.test(text)) resolve()
          return write.call(this, text, ...rest)
        }
      })
      await Promise.race([isUp, import('./' + file.replace(/ts$/, 'js'))])
    }
    console.log('# all')`)
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
