import { readFileSync } from 'node:fs'

/** What `test/package/consumers/check.cjs` returns. */
export const EXPECTED: unknown = JSON.parse(
  readFileSync(new URL('../consumers/expected.json', import.meta.url), 'utf8'),
)
