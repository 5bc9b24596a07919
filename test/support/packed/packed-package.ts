import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { timers } from '../../../src/util/timers.js'
import { controlDeadlines } from '../setup/deadlines.js'
import { runFolder } from './run-folder.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** Runs npm in a folder and returns what it prints. */
export function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Packs a package into a folder and returns the path of its tarball. */
export function pack(source: string, folder: string): string {
  const printed = npm(['pack', source, '--ignore-scripts', '--pack-destination', folder, '--json'], folder)
  const [packed] = JSON.parse(printed) as [{ readonly filename: string }]
  return join(folder, packed.filename)
}

/**
 * Makes a folder once per test run. Two processes may make it at the same time: the first to finish wins, and no process
 * sees an unfinished folder.
 */
export function sharedFolder(name: string, make: (folder: string) => void): string {
  const path = join(runFolder(), name)
  if (existsSync(path)) return path
  const unfinished = mkdtempSync(`${path}-`)
  make(unfinished)
  try {
    renameSync(unfinished, path)
  } catch (error) {
    if (!existsSync(path)) throw error
    rmSync(unfinished, { recursive: true })
  }
  return path
}

/** The tarball of what `npm run build` has built, packed once per test run. */
export function packedTarball(): string {
  if (!existsSync(join(ROOT, 'dist/src/index.js')))
    throw new Error('dist is missing: run npm run build first')
  const folder = sharedFolder('tarball', (made) => pack(ROOT, made))
  const [name] = readdirSync(folder)
  return join(folder, name!)
}

/**
 * A reader's folder outside the project: the contents of the tarball are installed as `m2m-guard`, and the other packages
 * are links to those of this project.
 */
export function readersFolder(): string {
  return sharedFolder('reader', (folder) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
    const packages = join(folder, 'node_modules')
    mkdirSync(packages)
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name.startsWith('.')) continue
      symlinkSync(join(ROOT, 'node_modules', name), join(packages, name), 'dir')
    }
    mkdirSync(join(packages, dirname(LOADER)))
    writeFileSync(join(packages, LOADER), 'export const load = (name) => import(name)\n')
    const own = join(packages, 'm2m-guard')
    mkdirSync(own)
    execFileSync('tar', ['-xzf', packedTarball(), '-C', own, '--strip-components', '1'])
  })
}

/**
 * Loads packages from the reader's folder, so that Node applies the `exports` of the tarball. Below node_modules, because
 * Vitest would process the file elsewhere, and resolve its imports from this project.
 */
const LOADER = '.reader/load.mjs'

type Load = (name: string) => Promise<object>

let loading: Promise<Load> | undefined

/** Loads a package as a program in the reader's folder does. Deadlines of `m2m-guard` pass when a test says so. */
export async function loadAsReader(name: string): Promise<object> {
  loading ??= createLoader()
  return (await loading)(name)
}

async function createLoader(): Promise<Load> {
  const folder = readersFolder()
  const { load } = (await import(pathToFileURL(join(folder, 'node_modules', LOADER)).href)) as {
    readonly load: Load
  }
  const file = builtTimers(join(folder, 'node_modules/m2m-guard/dist'))
  const built = (await load(pathToFileURL(file).href)) as { readonly timers: typeof timers }
  controlDeadlines(built.timers)
  return load
}

/** The file of a build that exports the timers, which decide when a deadline passes. */
function builtTimers(dist: string): string {
  const shared = join(dist, 'shared')
  const file = readdirSync(shared).find((name) =>
    /^export \{.*\btimers\b/m.test(readFileSync(join(shared, name), 'utf8')),
  )
  if (file === undefined) throw new Error('dist exports no timers: run npm run build')
  return join(shared, file)
}
