import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { built, root } from '../support/machine.js'

const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

/**
 * Returns the commit to compare with: of a commit, a branch, a tag or a version. Without a name, the last release, or the
 * last commit if there is no release.
 *
 * @throws TypeError if there is no such commit.
 */
export function commitOf(against: string | undefined): string {
  const names = against === undefined ? [lastRelease(), 'HEAD'] : [`v${against}`, against]
  for (const name of names) {
    try {
      // A name that starts with a dash would be an option of git.
      if (name !== undefined && /^\w/.test(name)) return git('rev-parse', '--verify', `${name}^{commit}`)
    } catch {
      // Not a commit.
    }
  }
  throw new TypeError('--against must be a commit or a version of this repository, such as HEAD~1 or 0.1.0')
}

function lastRelease(): string | undefined {
  return git('tag', '--list', 'v*', '--sort=-version:refname')
    .split('\n')
    .find((tag) => tag !== '')
}

/** Compiles the package of a commit, and returns the folder URL of the build. It uses the installed dependencies. */
export function buildCommit(commit: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-gate-'))
  // Next to the benchmark, so that both builds resolve the same modules.
  const outDir = join(built, 'base')
  try {
    git('worktree', 'add', '--detach', '--force', folder, commit)
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const compilerOptions = { noEmit: false, rootDir: '.', outDir, declaration: false, noEmitOnError: false }
    const config = { extends: './tsconfig.json', compilerOptions, include: ['src', 'adapters'] }
    writeFileSync(join(folder, 'tsconfig.gate.json'), JSON.stringify(config))
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    // Ignores type errors, because the installed types may be newer than the commit.
    spawnSync(process.execPath, [compiler, '-p', join(folder, 'tsconfig.gate.json')], { stdio: 'ignore' })
  } finally {
    git('worktree', 'remove', '--force', folder)
  }
  if (!existsSync(join(outDir, 'src', 'index.js'))) throw new Error(`${commit} could not be compiled`)
  return `${pathToFileURL(outDir).href}/`
}
