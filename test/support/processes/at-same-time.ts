import { spawn } from 'node:child_process'
import { onTestFinished } from 'vitest'
import { START } from '../clock.js'
import { firstOutput } from './first-output.js'

/**
 * Names that a program may use, so that nothing in it is decided by real time: `clock`, which stands still, and `connect`, which
 * returns a Redis client. For the library no deadline and no wait comes to an end, and what it stores in Redis expires 10,000
 * times as late, because Redis has a clock of its own.
 */
const STILL_TIME = `
import { createClient } from 'redis'
performance.now = () => 0
const timeout = globalThis.setTimeout
// Pauses between two attempts are shorter, and deadlines are longer.
globalThis.setTimeout = (callback, milliseconds, ...args) =>
  timeout(callback, milliseconds < 1000 ? milliseconds : 2 ** 31 - 1, ...args)
const FACTOR = 10_000
const clock = () => ${START}
async function connect(port) {
  const client = createClient({ socket: { host: '127.0.0.1', port: Number(port) } })
  client.on('error', () => undefined)
  await client.connect()
  return {
    destroy: () => client.destroy(),
    async sendCommand(command) {
      const later = command.map((word, index) => (command[index - 1] === 'PX' ? String(word * FACTOR) : word))
      const reply = await client.sendCommand(later)
      return command[0] === 'PTTL' && reply > 0 ? Math.ceil(reply / FACTOR) : reply
    },
  }
}
`

/**
 * Starts processes that run a program, waits until each has printed that it is ready, and sends a line to all of them at the same
 * time. Returns what each prints then.
 */
export async function printedAtSameTime(
  count: number,
  program: string,
  args: readonly string[],
  line: string,
): Promise<readonly string[]> {
  const source = STILL_TIME + program
  const members = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    return child
  })
  await Promise.all(members.map((member) => firstOutput(member)))
  const printed = members.map(async (member) => (await firstOutput(member)).trim())
  for (const { stdin } of members) stdin.write(`${line}\n`)
  return Promise.all(printed)
}
