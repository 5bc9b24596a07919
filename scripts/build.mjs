// Builds the package: the declarations from tsc, and few bundled files for the code. Resolving and linking a module takes
// longer than evaluating it, and every process that imports the library waits for each module.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from '@rollup/wasm-node'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

const { exports, bin, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The files that can be imported or run. They share all other modules. */
const entries = [...Object.values(exports).flatMap((entry) => entry.default ?? []), ...Object.values(bin)]

/** Names of shared files, by a module that each contains. Other shared files are named after their last module. */
const SHARED = {
  'verifier/authorizer.js': 'authorizer',
  'verifier/create-verifier.js': 'verifier',
  'util/members.js': 'model',
  'guard/guard.js': 'guard',
  'client/token-source.js': 'client',
  'management/stytch/stytch-clients.js': 'management',
}

function nameOfShared({ moduleIds }) {
  const modules = moduleIds.map((id) => relative(join(dist, 'src'), id).replaceAll('\\', '/'))
  const known = modules.find((module) => Object.hasOwn(SHARED, module))
  const name = known === undefined ? modules.at(-1).replace(/\.js$/, '').replaceAll('/', '-') : SHARED[known]
  return `shared/${name}.js`
}

/** Replaces the modules that tsc has written with the bundled files. */
async function bundleModules() {
  const bundle = await rollup({
    input: Object.fromEntries(
      entries.map((path) => [relative('dist', path).replace('.js', ''), join(root, path)]),
    ),
    external: [/^node:/, ...Object.keys(dependencies)],
    onLog(_level, { message }) {
      throw new Error(message)
    },
  })
  const { output } = await bundle.generate({
    entryFileNames: '[name].js',
    chunkFileNames: nameOfShared,
    // Readable names help people and stack traces.
    minifyInternalExports: false,
    hoistTransitiveImports: false,
  })
  const modules = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.js'))
  for (const module of modules) rmSync(join(dist, module))
  for (const { fileName, code } of output) {
    mkdirSync(dirname(join(dist, fileName)), { recursive: true })
    writeFileSync(join(dist, fileName), code)
  }
}

rmSync(dist, { recursive: true, force: true })
try {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
  await bundleModules()
} catch (error) {
  // An incomplete package could be mistaken for a complete one.
  rmSync(dist, { recursive: true, force: true })
  throw error
}
