import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/machine.js'
import { closure, sizeOf } from '../support/packages.js'
import { interleave, median, spread } from '../support/statistics.js'

/** The imports of a guarded server, without the framework. */
interface Load {
  readonly name: string
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

const OWN_IMPORTS = ['src/index.js', 'adapters/express.js'].map((file) => join(root, 'dist', file))

const load = (...packages: string[]): Load => ({ name: packages.join(' + '), imports: packages, packages })

/** The packages that verify against a remote key set, as m2m-guard does. */
export const loads: readonly Load[] = [
  { name: 'm2m-guard', imports: OWN_IMPORTS, packages: ['jose', 'lru-cache'] },
  load('express-oauth2-jwt-bearer'),
  load('express-jwt', 'jwks-rsa'),
  load('koa-jwt', 'jwks-rsa'),
  load('fastify-jwt-jwks'),
  load('@fastify/jwt', 'get-jwks'),
  load('fast-jwt', 'get-jwks'),
  load('aws-jwt-verify'),
  load('jose'),
]

export type Weight = Awaited<ReturnType<typeof weigh>>[number]

/** Measures import times in separate processes, and the installed size. */
export async function weigh(rounds: number) {
  const samples = await interleave(loads, rounds, ({ imports }) => Promise.resolve(importTime(imports)))
  return loads.map(({ name, packages }, index) => {
    const times = samples[index] ?? []
    const installed = [...closure(packages)].reduce((sum, folder) => sum + sizeOf(folder), 0)
    return {
      name,
      importMs: median(times),
      importSpread: spread(times),
      packages: closure(packages).size + (name === 'm2m-guard' ? 1 : 0),
      megabytes: (installed + (name === 'm2m-guard' ? ownBytes() : 0)) / 1e6,
    }
  })
}

function importTime(imports: readonly string[]): number {
  const code = `const started = performance.now()
for (const name of ${JSON.stringify(imports)}) await import(name)
console.log(performance.now() - started)
process.exit(0)`
  const args = ['--input-type=module', '-e', code]
  return Number(execFileSync(process.execPath, args, { cwd: join(root, 'bench') }))
}

/** The size of the published files of m2m-guard: code and documentation. A name after `!` is left out. */
function ownBytes(): number {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: readonly string[] }
  const sizes = ['package.json', ...files].map((name) =>
    name.startsWith('!') ? -sizeOf(join(root, name.slice(1))) : sizeOf(join(root, name)),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
