import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const ROOT = new URL('../../../', import.meta.url)

const foldersIn = (path: string): readonly string[] =>
  readdirSync(new URL(path, ROOT), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

const hasTests = (folder: string): boolean =>
  readdirSync(new URL(`test/${folder}`, ROOT), { recursive: true, encoding: 'utf8' }).some((name) =>
    name.endsWith('.test.ts'),
  )

/** The folders of test that mirror one of the same name. */
const mirrors = [...foldersIn('src'), 'adapters']

it('every folder of src has tests in the folder of test with the same name', () => {
  const tested = new Set(foldersIn('test'))
  expect(mirrors.filter((folder) => !tested.has(folder) || !hasTests(folder))).toEqual([])
})

it('every other folder of test is in the table of CONTRIBUTING.md', () => {
  const text = readFileSync(new URL('CONTRIBUTING.md', ROOT), 'utf8')
  const listed = [...text.matchAll(/^\| `test\/(\w+)\/`/gm)].map(([, folder]) => folder)
  const others = foldersIn('test').filter((folder) => !mirrors.includes(folder))
  expect(others.sort()).toEqual(listed.sort())
})
