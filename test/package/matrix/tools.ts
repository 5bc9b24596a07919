import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Whether the whole matrix runs, with tools that are not development dependencies of the package. */
export const IS_WHOLE = process.env['M2M_GUARD_SLOW'] !== undefined

const SOURCE = fileURLToPath(new URL('../tools/', import.meta.url))
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/m2m-guard/', import.meta.url))
const LOCK = createHash('sha256')
  .update(readFileSync(join(SOURCE, 'package-lock.json')))
  .digest('hex')
const FOLDER = join(CACHE, `tools-${LOCK.slice(0, 8)}`)
const INSTALLED = join(FOLDER, 'installed')

/** Path of a file or package that `installTools` installs. */
export function toolPath(name: string): string {
  return join(FOLDER, 'node_modules', name)
}

/** Installs the compilers, test runners and bundlers of `test/package/tools`, once for each lock file. */
export function installTools(): void {
  if (existsSync(INSTALLED)) return
  mkdirSync(FOLDER, { recursive: true })
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(SOURCE, file), join(FOLDER, file))
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  try {
    execFileSync('npm', flags, { cwd: FOLDER, stdio: 'pipe', shell: process.platform === 'win32' })
  } catch (error) {
    throw new Error(`The tools of consumers are missing: run npm ci in ${FOLDER}`, { cause: error })
  }
  writeFileSync(INSTALLED, '')
}
