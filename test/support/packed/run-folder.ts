import { mkdtempSync, rmSync } from 'node:fs'
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

/** Creates the folder before the first test and removes it after the last. Every project of Vitest calls it. */
export default function createRunFolder(): () => void {
  const path = (process.env[VARIABLE] ??= mkdtempSync(join(tmpdir(), 'm2m-guard-run-')))
  return () => {
    rmSync(path, { recursive: true, force: true })
  }
}
