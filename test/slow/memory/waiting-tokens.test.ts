import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { bundleProgram } from '../../support/processes/bundle.js'

const flooded = bundleProgram(new URL('./waiting-tokens-process.ts', import.meta.url))

const TOKENS = 6000

it('the costliest JWTs that wait for keys do not fill a small heap, and valid ones are accepted afterwards', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=160',
    flooded,
    String(TOKENS),
  ])
  const {
    valid,
    key_unknown: waited,
    issuer_overloaded: shed,
  } = JSON.parse(stdout) as Record<string, unknown>
  expect(valid).toBe('billing')
  expect(Number(waited) + Number(shed)).toBe(TOKENS)
  expect(waited).toBeGreaterThan(250)
  expect(waited).toBeLessThan(400)
})
