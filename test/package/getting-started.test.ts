import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, readPaper, type Block } from '../integration/docs/programs/support.js'
import { freePort } from '../support/servers/free-port.js'
import { createProject, emptyFolder, run, tool } from './support/support.js'
import { typeCheck } from './support/type-check.js'

const PAGES = ['express', 'koa', 'fastify', 'hono', 'fetch', 'nestjs'].map(
  (name) => `docs/guide/getting-started/${name}.md`,
)

/** Packages that the pages install and that this project has as well. */
const INSTALLED = [
  'express',
  'koa',
  '@koa/router',
  'fastify',
  'hono',
  '@hono/node-server',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'reflect-metadata',
  'rxjs',
  '@types/express',
  '@types/koa',
  '@types/node',
  'typescript',
  'tsx',
]

const LISTENING = new URL('support/listening.mjs', import.meta.url).href
const PATIENT = new URL('../support/processes/patient.mjs', import.meta.url).href

const project = emptyFolder()
const processes: ChildProcess[] = []

/** What commands of npm have made of `package.json`, by the command and what was there. */
const manifests = new Map<string, string>()

beforeAll(() => {
  createProject(project.path, INSTALLED)
}, 300_000)

afterEach(async () => {
  await Promise.all(processes.splice(0).map(stop))
})

afterAll(project.remove)

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

/** What `curl -i` prints. */
async function curl(url: string): Promise<string> {
  const [response] = (await once(get(url), 'response')) as [IncomingMessage]
  const { httpVersion, statusCode, statusMessage, rawHeaders } = response
  const headers = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : [],
  )
  return [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`, ...headers, '', await text(response)].join(
    '\n',
  )
}

/** The file in which the page says to save a block. */
function fileOf(page: string, block: Block): string | undefined {
  const before = readPaper(page)
    .split('\n')
    .slice(0, block.line - 2)
    .join('\n')
    .trimEnd()
    .split('\n\n')
    .at(-1)
  return /Save this as `([^`]+)`/.exec(before ?? '')?.[1]
}

/** Starts a program that keeps running, and waits until it accepts connections. */
async function startServer(
  program: string,
  args: readonly string[],
  cwd: string,
  port: string,
): Promise<void> {
  const env = { ...process.env, NODE_OPTIONS: `--import=${LISTENING} --import=${PATIENT}` }
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  processes.push(child)
  const output: string[] = []
  await new Promise<void>((resolve, reject) => {
    const read = (data: Buffer): void => {
      output.push(data.toString())
      if (output.join('').includes(`[listens on ${port}]`)) resolve()
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', reject)
    child.on('close', () => {
      reject(new Error(`${args.join(' ')} ended: ${output.join('')}`))
    })
  })
}

describe.each(PAGES)('%s', (page) => {
  it('leads from an empty folder to a guarded API and a service that calls it, word for word', async () => {
    const [api, issuer] = [String(await freePort()), String(await freePort())]
    // In one pass, because the free port of the API may contain the other number of the page.
    const exchange = (written: string): string =>
      written.replace(/3000|4000/g, (port) => (port === '3000' ? api : issuer))
    const started = new Set<string>()
    let cwd = project.path
    let printed = ''

    for (const block of blocksOf(page)) {
      const file = fileOf(page, block)
      if (file !== undefined) writeFileSync(join(cwd, file), exchange(block.text))
      else if (block.language === 'text') expectOutput(block.text)
      else if (block.language === 'sh') for (const line of block.text.split('\n')) await type(exchange(line))
    }
    // Decorators of Nest need TypeScript.
    const servers = page.includes('nestjs') ? ['server.ts'] : ['server.js', 'server.ts']
    expect([...started]).toEqual(['issuer.js', ...servers])

    function expectOutput(expected: string): void {
      const lines = printed.split(/\r?\n/).map((line) => line.trim())
      for (const line of expected.split('\n')) expect(lines).toContain(line)
    }

    async function type(line: string): Promise<void> {
      const [program = '', ...args] = line.split(' ')
      if (line.startsWith('mkdir ')) {
        cwd = join(project.path, `${basename(page, '.md')}-${args[0]!}`)
        mkdirSync(cwd)
      } else if (program === 'npm' && args[0] === 'install') {
        const names = args.slice(1).filter((name) => !name.startsWith('--'))
        for (const name of names)
          expect(existsSync(join(project.path, 'node_modules', name)), name).toBe(true)
      } else if (program === 'npm') {
        await changeManifest(args)
      } else if (program === 'mv') {
        renameSync(join(cwd, args[0]!), join(cwd, args[1]!))
      } else if (program === 'curl') {
        expect(args[0]).toBe('-i')
        printed = await curl(args[1]!)
      } else if (program === 'npx' && args[0] === 'tsc') {
        expect(typeCheck(cwd, args.slice(1)).errors).toBe('')
      } else if (program === 'npx' && args[0] === 'tsx') {
        await startOnce(tool('tsx'), args[1]!, api)
      } else if (program === 'node' && args[0] === 'client.js') {
        printed = await run(process.execPath, ['--import', PATIENT, ...args], cwd)
      } else if (program === 'node') {
        await startOnce(process.execPath, args[0]!, args[0] === 'issuer.js' ? issuer : api)
      } else {
        throw new Error(`the page has a command that is not known here: ${line}`)
      }
    }

    /** Every page begins with the same commands of npm, which are run for the first page only. */
    async function changeManifest(args: readonly string[]): Promise<void> {
      const path = join(cwd, 'package.json')
      const key = JSON.stringify([args, existsSync(path) ? readFileSync(path, 'utf8') : null])
      if (!manifests.has(key)) {
        await run('npm', args, cwd)
        manifests.set(key, readFileSync(path, 'utf8'))
      }
      writeFileSync(path, manifests.get(key)!)
    }

    async function startOnce(program: string, file: string, port: string): Promise<void> {
      // The TypeScript server takes the place of the JavaScript one.
      if (started.has('server.js')) await stop(processes.pop()!)
      await startServer(program, [file], cwd, port)
      started.add(file)
      if (file === 'server.ts') expect((await fetch(`http://127.0.0.1:${port}/orders`)).status).toBe(401)
    }
  })
})
