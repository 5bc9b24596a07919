import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'

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
  const members = Array.from({ length: count }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    return child
  })
  await Promise.all(members.map(({ stdout }) => once(stdout, 'data')))
  const printed = members.map(async ({ stdout }) => String(await once(stdout, 'data')).trim())
  for (const { stdin } of members) stdin.write(`${line}\n`)
  return Promise.all(printed)
}
