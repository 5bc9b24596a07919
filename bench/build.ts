import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { built, root } from './support/machine.js'

/** Builds the package as it is published, to measure its size. */
export async function buildPackage(): Promise<void> {
  await run('scripts/build.mjs')
}

/** Compiles the library and the benchmark, so that the code that a TypeScript loader adds is not measured. */
export async function build(): Promise<void> {
  rmSync(built, { recursive: true, force: true })
  await run('node_modules/typescript/bin/tsc', '-p', 'bench')
  writeFileSync(join(built, 'package.json'), '{ "type": "module" }\n')
  for (const file of ['applications/frameworks.mjs', 'verifiers/peers.mjs'])
    cpSync(join(root, 'bench', file), join(built, 'bench', file))
}

async function run(script: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${script} exited with code ${code}`)
}
