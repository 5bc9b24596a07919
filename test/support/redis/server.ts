import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'
import type { AtEnd } from '../at-end.js'
import { createServerFolder } from '../packed/run-folder.js'
import { freePort } from '../servers/free-port.js'
import { installedEngine } from './engine.js'

/** What to do without an engine, in one line. The tests fail, because a skipped test would prove nothing. */
const MISSING =
  'The tests of m2m-guard/redis need redis-server or valkey-server in the PATH. Install it: apt-get install redis-server, or brew install redis'

let engine: string | undefined

/** Finds the engine. `engine.ts` installs it before the tests where that is possible. */
export function findEngine(): string {
  engine ??= installedEngine()
  if (engine === undefined) throw new Error(MISSING)
  return engine
}

/** A Redis server of a test, on loopback, with a folder of its own. */
export interface RedisServer {
  readonly port: number
  /** Sends a command and returns the reply as a string. Fails on an error reply. */
  readonly command: (...args: readonly string[]) => Promise<string>
  /** Stops the process as `SIGSTOP` does: connections stay open, and nothing responds. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Ends the process as a crash does, and starts another one on the same port, without data. */
  readonly restart: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Starts a server; it ends after the test. */
export async function startRedis(
  args: readonly string[] = [],
  atEnd: AtEnd = onTestFinished,
): Promise<RedisServer> {
  const binary = findEngine()
  const folder = createServerFolder()
  const started = await spawnOnFreePort(binary, folder, args)
  const { port } = started
  let { child } = started
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  const close = async (): Promise<void> => {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }
  atEnd(close)
  return {
    port,
    command: (...words) => sendOnce(port, words),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    restart: async () => {
      await kill()
      do child = spawnEngine(binary, port, folder, args)
      while (!(await isListening(child)))
    },
    close,
  }
}

async function spawnOnFreePort(
  binary: string,
  folder: string,
  args: readonly string[],
): Promise<{ readonly port: number; readonly child: ChildProcess }> {
  for (;;) {
    const port = await freePort()
    const child = spawnEngine(binary, port, folder, args)
    if (await isListening(child)) return { port, child }
  }
}

function spawnEngine(binary: string, port: number, folder: string, args: readonly string[]): ChildProcess {
  const fixed = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ]
  return spawn(binary, [...fixed, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
}

/** Waits for the line of the log that says so; `false` if the server has ended, such as when its port is taken. */
export function isListening(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (/Ready to accept connections|Sentinel ID is/.test(chunk.toString())) resolve(true)
    })
    child.on('exit', () => {
      resolve(false)
    })
  })
}

/** Sends one command on a connection of its own, without any client library. */
async function sendOnce(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  socket.write(`*${words.length}\r\n${parts.join('')}*1\r\n$4\r\nQUIT\r\n`)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  const reply = Buffer.concat(chunks)
    .toString()
    .replace(/\+OK\r\n$/, '')
  if (reply.startsWith('-')) throw new Error(reply.slice(1).trim())
  return reply.trim()
}
