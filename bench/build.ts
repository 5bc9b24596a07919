import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, root } from './support/places.js'

/**
 * Compiles the library and the bench to where the other packages are, as they would be installed: what a loader for
 * TypeScript adds to functions would be measured, too.
 */
export function build(): void {
  rmSync(built, { recursive: true, force: true })
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'bench'], {
    cwd: root,
    stdio: 'inherit',
  })
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }\n')
  const isModule = (path: string): boolean => !/\.\w+$/.test(path) || path.endsWith('.mjs')
  for (const folder of ['faults', 'http', 'verifiers']) {
    cpSync(join(root, 'bench', folder), join(built, 'bench', folder), { recursive: true, filter: isModule })
  }
}
