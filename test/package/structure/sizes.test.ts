import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const FOLDERS = ['src', 'adapters', 'test', 'examples']

const MAX_LINES = 300
const MAX_FILES = 16
const CODE = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'])

interface Folder {
  readonly path: string
  readonly files: readonly string[]
}

/** A folder and those below it, without installed packages. */
function foldersIn(path: string): readonly Folder[] {
  const entries = readdirSync(join(ROOT, path), { withFileTypes: true })
  const names = (isFolder: boolean): readonly string[] =>
    entries
      .filter((entry) => entry.isDirectory() === isFolder && entry.name !== 'node_modules')
      .map(({ name }) => `${path}/${name}`)
  return [{ path, files: names(false) }, ...names(true).flatMap(foldersIn)]
}

const linesOf = (file: string): number => readFileSync(join(ROOT, file), 'utf8').split('\n').length - 1

describe.each(FOLDERS)('in %s', (name) => {
  const folders = foldersIn(name)

  it(`no file of code has more than ${MAX_LINES} lines`, () => {
    const code = folders.flatMap(({ files }) => files).filter((file) => CODE.has(extname(file)))
    expect(code.length).toBeGreaterThan(10)
    expect(code.filter((file) => linesOf(file) > MAX_LINES)).toEqual([])
  })

  it(`no folder has more than ${MAX_FILES} files`, () => {
    expect(folders.filter(({ files }) => files.length > MAX_FILES).map(({ path }) => path)).toEqual([])
  })
})
