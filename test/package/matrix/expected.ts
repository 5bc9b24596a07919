import { readFileSync } from 'node:fs'

/** What `test/package/consumers/checking/check.cjs` returns. */
export const EXPECTED: unknown = JSON.parse(
  readFileSync(new URL('../consumers/checking/expected.json', import.meta.url), 'utf8'),
)
