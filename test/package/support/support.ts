import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { npm, pack, packedTarball, sharedFolder } from '../../support/packed/packed-package.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** An empty folder outside the project, so that nothing of the project is found by accident. */
export function emptyFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** A project in which npm has installed the tarball, without a registry: once per test run. */
function installedProject(): string {
  return sharedFolder('installed', (folder) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
    const dependencies = ['jose', 'lru-cache'].map((name) => pack(join(ROOT, 'node_modules', name), folder))
    const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund']
    npm(['install', ...flags, packedTarball(), ...dependencies], folder)
  })
}

/**
 * A project of a user's: the tarball installed as npm installs it, and the given packages of ours beside it. Consumers'
 * sources lie in `src`.
 */
export function createProject(folder: string, packages: readonly string[]): void {
  cpSync(installedProject(), folder, { recursive: true, verbatimSymlinks: true })
  for (const name of packages) {
    const link = join(folder, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), link, 'dir')
  }
  cpSync(join(ROOT, 'test/package/consumers'), join(folder, 'src'), { recursive: true })
}

/** Runs a program and returns what it printed; rejects with everything it said if it fails. */
export function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`${program} ${args.join(' ')} failed\n${stdout}\n${stderr}`, { cause: error }))
    })
  })
}

/** A command line tool of the project's own dependencies. */
export function tool(name: string): string {
  return join(ROOT, 'node_modules/.bin', name)
}
