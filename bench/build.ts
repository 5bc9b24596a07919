import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, root } from './support/places.js'

/** Builds the package as it is published, for what it weighs. */
export async function buildPackage(): Promise<void> {
  await run('scripts/build.mjs')
}

/**
 * Compiles the library and the bench to where the other packages are, as they would be installed: what a loader for
 * TypeScript adds to functions would be measured, too.
 */
export async function build(): Promise<void> {
  rmSync(built, { recursive: true, force: true })
  await run('node_modules/typescript/bin/tsc', '-p', 'bench')
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }\n')
  const isModule = (path: string): boolean => !/\.\w+$/.test(path) || path.endsWith('.mjs')
  for (const folder of ['faults', 'http', 'verifiers']) {
    cpSync(join(root, 'bench', folder), join(built, 'bench', folder), { recursive: true, filter: isModule })
  }
}

async function run(script: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${script} ended with ${code}`)
}
