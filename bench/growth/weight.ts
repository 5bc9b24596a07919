import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { closure, sizeOf } from '../support/packages.js'
import { root } from '../support/places.js'
import { interleave, median, spread } from '../support/statistics.js'

/** What is imported for a guarded server, the framework itself apart. */
interface Load {
  readonly name: string
  /** As they are written in an import. */
  readonly imports: readonly string[]
  readonly packages: readonly string[]
}

const OWN_IMPORTS = ['src/index.js', 'adapters/express.js'].map((file) => join(root, 'dist', file))

const load = (...packages: string[]): Load => ({ name: packages.join(' + '), imports: packages, packages })

/** Those that verify against a remote key set, as m2m-guard does. */
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

export interface Weight {
  readonly name: string
  readonly importMs: number
  readonly importSpread: number
  readonly packages: number
  readonly megabytes: number
}

/** Import times in processes of their own, and the size of what is installed. */
export async function weigh(rounds: number): Promise<readonly Weight[]> {
  const samples = await interleave(loads, rounds, ({ imports }) => Promise.resolve(importTime(imports)))
  return loads.map(({ name, packages }, index) => {
    const folders = closure(packages)
    const bytes = [...folders].reduce(
      (sum, folder) => sum + sizeOf(folder),
      name === 'm2m-guard' ? ownSize() : 0,
    )
    const times = samples[index] ?? []
    return {
      name,
      importMs: median(times),
      importSpread: spread(times),
      packages: folders.size + (name === 'm2m-guard' ? 1 : 0),
      megabytes: bytes / 1e6,
    }
  })
}

function importTime(imports: readonly string[]): number {
  const code = `const started = performance.now()
for (const name of ${JSON.stringify(imports)}) await import(name)
console.log(performance.now() - started)
process.exit(0)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: join(root, 'bench'),
  })
  return Number(output)
}

/** What the package itself brings: what is built, and the papers that are published with it. */
function ownSize(): number {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    files: readonly string[]
  }
  return ['package.json', ...files]
    .map((name) => join(root, name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? sizeOf(path) : statSync(path).size), 0)
}
