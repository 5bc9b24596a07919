import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { emptyFolder, run, tool } from './support/support.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COMMITTED = join(ROOT, 'docs/reference/api')

const folder = emptyFolder()
afterAll(folder.remove)

function pagesIn(path: string): Readonly<Record<string, string>> {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.md'),
  )
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), 'utf8')]))
}

it('the API reference is what `npm run docs` generates, and everything public is documented', async () => {
  // Warnings, such as the one about an export without documentation, are errors.
  await run(tool('typedoc'), ['--out', folder.path], ROOT)
  const generated = pagesIn(folder.path)
  const committed = pagesIn(COMMITTED)
  expect(Object.keys(committed).sort()).toEqual(Object.keys(generated).sort())
  for (const [name, text] of Object.entries(generated)) expect(committed[name], name).toBe(text)
})
