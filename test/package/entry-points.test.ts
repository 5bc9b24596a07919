import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import { packedTarball } from '../support/packed/packed-package.js'
import { emptyFolder } from './support/support.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface EntryPoint {
  readonly source: string
  readonly kilobytes: number
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(join(ROOT, path), 'utf8'))

const entryPoints = Object.entries(
  readJson('scripts/entry-points.json') as Readonly<Record<string, EntryPoint>>,
).map(([name, entry]) => ({ name, ...entry }))

const declarationsOf = (source: string): readonly string[] =>
  ['d.ts', 'd.cts'].map((extension) => join(ROOT, `dist/${source}.${extension}`))

// One program for all entry points: they share most declarations.
const program = ts.createProgram({
  rootNames: entryPoints.flatMap(({ source }) => declarationsOf(source)),
  options: { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, types: [] },
})
const checker = program.getTypeChecker()

const folder = emptyFolder()
afterAll(folder.remove)

/** Size of a file of the build and of the files that it loads immediately. */
function loadedBytes(path: string): number {
  const loaded = new Set([join(ROOT, path)])
  let bytes = 0
  for (const file of loaded) {
    const text = readFileSync(file, 'utf8')
    bytes += Buffer.byteLength(text)
    const specifiers = text.matchAll(/^(?:import|export|var|const)\b.*?['"](\.\.?\/[\w./-]+\.c?js)['"]/gm)
    for (const [, specifier] of specifiers) loaded.add(join(dirname(file), specifier!))
  }
  return bytes
}

it('package.json has what scripts/entry-points.json names: npm run build writes it', async () => {
  const url = new URL('../../scripts/entry-points.mjs', import.meta.url).href
  const { packageMembers } = (await import(url)) as { packageMembers: () => object }
  expect(readJson('package.json')).toMatchObject(packageMembers())
})

it('no declaration has a type argument of Uint8Array or Buffer, which TypeScript before 5.7 does not know', () => {
  const declarations = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.d\.c?ts$/.test(path),
  )
  expect(declarations.length).toBeGreaterThan(0)
  const wrong = declarations.filter((path) =>
    /\b(?:Uint8Array|Buffer)</.test(readFileSync(join(ROOT, 'dist', path), 'utf8')),
  )
  expect(wrong).toEqual([])
})

describe.each(entryPoints)('the entry point $name', ({ source, kilobytes }) => {
  it.each(['js', 'cjs'])('loads no more than its budget in scripts/entry-points.json: .%s', (extension) => {
    const used = loadedBytes(`dist/${source}.${extension}`) / 1000
    expect(used).toBeLessThanOrEqual(kilobytes)
    // A budget far above the size notices nothing.
    expect(used).toBeGreaterThan(kilobytes / 2)
  })

  it('has the same values and types in both declarations', () => {
    const [modules, commonJs] = declarationsOf(source).map((path) => {
      const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!)
      return exported.map(describeExport).sort()
    })
    expect(modules!.length).toBeGreaterThan(0)
    expect(commonJs).toEqual(modules)
  })
})

/** The name of an export, and whether it can be used as a value and as a type. */
function describeExport(symbol: ts.Symbol): string {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  // A type-only export is never a value, whatever it names.
  const isTypeOnly = symbol.declarations?.some(ts.isTypeOnlyImportOrExportDeclaration) === true
  const { flags } = isAlias ? checker.getAliasedSymbol(symbol) : symbol
  const isValue = !isTypeOnly && (flags & ts.SymbolFlags.Value) !== 0
  return `${symbol.name}${isValue ? ' value' : ''}${(flags & ts.SymbolFlags.Type) !== 0 ? ' type' : ''}`
}

it('an installation with its two dependencies is not larger than README.md says', () => {
  const [, stated] = /(\d+(?:\.\d)?) MB installed/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8')) ?? []
  execFileSync('tar', ['-xzf', packedTarball(), '-C', folder.path])
  const installed = [
    join(folder.path, 'package'),
    ...['jose', 'lru-cache'].map((name) => join(ROOT, 'node_modules', name)),
  ]
  const megabytes = installed.reduce((sum, path) => sum + bytesIn(path), 0) / 1e6
  expect(megabytes).toBeLessThanOrEqual(Number(stated))
  expect(megabytes).toBeGreaterThan(Number(stated) * 0.7)
})

function bytesIn(path: string): number {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}
