import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { REDIS } from '../../../vitest.config.js'

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

it('only the project redis and the slow tests, which install Redis, contain a test that starts it', () => {
  const paths = REDIS.map((pattern) => pattern.replace('**/*.test.ts', ''))
  const starting = readdirSync(new URL('test', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts') && !/^(?:slow|package)\//.test(name))
    .map((name) => `test/${name}`)
    .filter((path) => readFileSync(new URL(path, ROOT), 'utf8').includes('/support/redis/'))
  expect(starting.length).toBeGreaterThan(0)
  expect(starting.filter((path) => !paths.some((start) => path.startsWith(start)))).toEqual([])
})
