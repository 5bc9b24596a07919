import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './machine.js'

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

const bench = join(root, 'bench')

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** Returns the versions of m2m-guard and of the other measured packages. */
export function versionsOf(names: readonly string[]): Readonly<Record<string, string>> {
  const others = [...new Set(names)].map((name) => [name, resolveFrom(name, bench) ?? ''] as const)
  const folders = [['m2m-guard', root] as const, ...others]
  return Object.fromEntries(folders.map(([name, folder]) => [name, manifestOf(folder).version]))
}

/** Returns the folders of packages and of all their dependencies, as npm installed them. */
export function closure(names: readonly string[]): ReadonlySet<string> {
  const folders = new Set<string>()
  const visit = (name: string, from: string): void => {
    const folder = resolveFrom(name, from)
    if (folder === undefined || folders.has(folder)) return
    folders.add(folder)
    for (const dependency of Object.keys(manifestOf(folder).dependencies ?? {})) visit(dependency, folder)
  }
  for (const name of names) visit(name, bench)
  return folders
}

/** Returns the folder of a package in the nearest parent node_modules, as Node resolves it. */
function resolveFrom(name: string, from: string): string | undefined {
  for (let folder = from; folder.startsWith(root); folder = join(folder, '..')) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return candidate
  }
  return undefined
}

/** Returns the size of a file in bytes, or of a folder without the packages installed in it. */
export function sizeOf(path: string): number {
  if (!statSync(path).isDirectory()) return statSync(path).size
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}
