import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const flooded = fileURLToPath(new URL('./waiting-tokens-process.ts', import.meta.url))

const TOKENS = 6000

it('the costliest JWTs that wait for keys do not fill a small heap, and valid ones are accepted afterwards', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=160',
    '--import',
    'tsx',
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
