import { execFile } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { built, root } from './support/places.js'

/**
 * Compiles the library and the bench to where the other packages are, as they would be installed: what a loader for
 * TypeScript adds to functions would be measured, too. Beside it the package itself, for what it weighs.
 */
export async function build(): Promise<void> {
  rmSync(built, { recursive: true, force: true })
  const run = (...args: string[]) => promisify(execFile)(process.execPath, args, { cwd: root })
  await Promise.all([
    run(join(root, 'node_modules/typescript/bin/tsc'), '-p', 'bench'),
    run(join(root, 'scripts/build.mjs')),
  ])
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }\n')
  const isModule = (path: string): boolean => !/\.\w+$/.test(path) || path.endsWith('.mjs')
  for (const folder of ['faults', 'http', 'verifiers']) {
    cpSync(join(root, 'bench', folder), join(built, 'bench', folder), { recursive: true, filter: isModule })
  }
}
