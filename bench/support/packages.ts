import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './places.js'

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const installed = join(root, 'bench', 'node_modules')

const read = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8')) as Manifest

/** Our own version and those of the packages that are measured beside it. */
export function versionsOf(names: readonly string[]): Readonly<Record<string, string>> {
  const own = read(join(root, 'package.json')).version
  const others = names.map((name) => [name, read(join(installed, name, 'package.json')).version] as const)
  return Object.fromEntries([['m2m-guard', own], ...others])
}

/** A package and everything it brings along, as npm has laid it out: each folder once. */
export function closure(names: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>()
  const visit = (name: string, from: string): void => {
    const folder = resolveFrom(name, from)
    if (folder === undefined || folders.has(folder)) return
    folders.add(folder)
    const { dependencies = {} } = read(join(folder, 'package.json'))
    for (const dependency of Object.keys(dependencies)) visit(dependency, folder)
  }
  for (const name of names) visit(name, join(root, 'bench'))
  return folders
}

/** The nearest node_modules upwards that has the package, as Node looks for it. */
function resolveFrom(name: string, from: string): string | undefined {
  for (let folder = from; folder.startsWith(join(root, 'bench')); folder = join(folder, '..')) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return undefined
}

/** The bytes of the files in a folder, without the packages within it. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? sizeOf(path) : statSync(path).size
    })
    .reduce((sum, size) => sum + size, 0)
}
