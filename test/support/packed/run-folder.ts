import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VARIABLE = 'M2M_GUARD_TEST_RUN'

/** A folder that all processes of one test run share, outside the project. */
export function runFolder(): string {
  const path = process.env[VARIABLE]
  if (path === undefined)
    throw new Error(`${VARIABLE} is missing: vitest.config.ts must run the global setup`)
  return path
}

const SERVER = 'redis-'

/** Creates the folder of a Redis server, which is removed when the server is closed. Benchmarks have no run folder. */
export function createServerFolder(): string {
  return mkdtempSync(join(process.env[VARIABLE] ?? tmpdir(), SERVER))
}

/**
 * Creates the folder before the first test and removes it after the last. Every project of Vitest calls it. The run fails if a
 * Redis server was not closed.
 */
export default function createRunFolder(): () => void {
  const path = (process.env[VARIABLE] ??= mkdtempSync(join(tmpdir(), 'm2m-guard-run-')))
  return () => {
    const open = existsSync(path) ? readdirSync(path).filter((name) => name.startsWith(SERVER)) : []
    rmSync(path, { recursive: true, force: true })
    if (open.length === 0) return
    // Vitest prints the error, and does not fail.
    process.exitCode = 1
    throw new Error(`tests left ${open.length} Redis servers running`)
  }
}
