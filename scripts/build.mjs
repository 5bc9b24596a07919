// Builds the package: declarations as tsc writes them, and the code of all that can be imported in few files. A module
// takes longer to find and to link than to run, and every process that imports the library waits for each of them.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

const { exports, bin, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** What can be imported or run. Everything else is shared between them. */
const entries = [...Object.values(exports).flatMap((entry) => entry.default ?? []), ...Object.values(bin)]

/** What the files that several of them share are called, by a module that is in them. */
const SHARED = {
  'configuration.js': 'facts',
  'redaction.js': 'redaction',
  'stytch-address.js': 'stytch-address',
  'issuers/stytch.js': 'stytch-issuer',
  'create-verifier.js': 'verifier',
  'guard.js': 'guard',
  'client/token-source.js': 'client',
  'management/stytch.js': 'management',
}

function nameOfShared({ moduleIds }) {
  const modules = moduleIds.map((id) => relative(join(dist, 'src'), id).replaceAll('\\', '/'))
  const known = modules.find((module) => Object.hasOwn(SHARED, module))
  if (known === undefined) throw new Error(`SHARED has no name for the file of ${modules.join(', ')}`)
  return `shared/${SHARED[known]}.js`
}

rmSync(dist, { recursive: true, force: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)

const bundle = await rollup({
  input: Object.fromEntries(
    entries.map((path) => [relative('dist', path).replace('.js', ''), join(root, path)]),
  ),
  external: [/^node:/, ...Object.keys(dependencies)],
  onLog(_level, { message }) {
    throw new Error(message)
  },
})
const modules = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.js'))
for (const module of modules) rmSync(join(dist, module))
await bundle.write({
  dir: dist,
  entryFileNames: '[name].js',
  chunkFileNames: nameOfShared,
  // It is read, by people and in stack traces.
  minifyInternalExports: false,
  hoistTransitiveImports: false,
})
