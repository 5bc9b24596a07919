// Builds the package: declarations from tsc, and few bundled files for the code, as ECMAScript modules and as CommonJS. Every
// process that imports the library waits for each file: resolving and linking one takes longer than evaluating it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from '@rollup/wasm-node'
import { readDeclarations, writeCommonJsDeclaration } from './declarations.mjs'
import { entryPoints, packageMembers } from './entry-points.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const jose = fileURLToPath(import.meta.resolve('jose'))
const isJose = (id) => id.startsWith(dirname(jose))

const manifest = readFileSync(join(root, 'package.json'), 'utf8')
const { bin, dependencies, peerDependencies } = JSON.parse(manifest)

/** The files that can be imported, and those that can also be run. They share all other modules. */
const importable = Object.values(entryPoints).map(({ source }) => source)
const runnable = Object.values(bin).map((path) => relative('dist', path).replace('.js', ''))

/** Names of shared files, by a module that each contains. Other shared files are named after their last module. */
const SHARED = {
  'verifier/authorizer.js': 'authorizer',
  'verifier/create-verifier.js': 'verifier',
  'util/members.js': 'model',
  'guard/guard.js': 'guard',
  'client/token-source.js': 'client',
  'management/stytch/stytch-clients.js': 'management',
}

function nameOfShared({ name, moduleIds }) {
  const modules = moduleIds.map((id) => relative(join(dist, 'src'), id).replaceAll('\\', '/'))
  const known = modules.find((module) => Object.hasOwn(SHARED, module))
  if (known !== undefined || name === 'jose') return SHARED[known] ?? name
  return modules.at(-1).slice(0, -'.js'.length).replaceAll('../', '').replaceAll('/', '-')
}

/** Bundles the modules that tsc has written. Readable names help people and stack traces. */
async function bundleModules(sources, external, options) {
  const bundle = await rollup({
    input: Object.fromEntries(sources.map((source) => [source, join(dist, `${source}.js`)])),
    external: [/^node:/, /^@nestjs/, ...external],
    plugins: [{ name: 'jose', resolveId: (id) => (id === 'jose' ? jose : null) }],
    treeshake: { moduleSideEffects: (id) => !isJose(id) },
    onLog(level, { message }) {
      if (level === 'warn') throw new Error(message)
    },
  })
  return bundle.generate({ minifyInternalExports: false, hoistTransitiveImports: false, ...options })
}

const bundleEcmaScript = () =>
  bundleModules([...importable, ...runnable], Object.keys({ ...dependencies, ...peerDependencies }), {
    entryFileNames: '[name].js',
    experimentalMinChunkSize: 30_000,
    chunkFileNames: (chunk) => `shared/${nameOfShared(chunk)}.js`,
  })

/** jose has no CommonJS build, so this one contains the parts that are used, with their license. */
function bundleCommonJs() {
  const license = readFileSync(join(root, 'node_modules/jose/LICENSE.md'), 'utf8').trim()
  const external = Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => name !== 'jose')
  return bundleModules(importable, external, {
    format: 'cjs',
    exports: 'named',
    esModule: true,
    externalLiveBindings: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: (chunk) => `shared/${nameOfShared(chunk)}.cjs`,
    manualChunks: (id) => (isJose(id) ? 'jose' : undefined),
    banner: ({ moduleIds }) => (moduleIds.some(isJose) ? `/*! jose\n\n${license}\n*/` : ''),
  })
}

async function build() {
  const updated = `${JSON.stringify({ ...JSON.parse(manifest), ...packageMembers() }, null, 2)}\n`
  if (updated !== manifest) writeFileSync(join(root, 'package.json'), updated)
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' })
  const bundles = [await bundleEcmaScript(), await bundleCommonJs()]
  const needed = readDeclarations(importable.map((source) => join(dist, `${source}.d.ts`)))
  const files = readdirSync(dist, { recursive: true }).filter((file) => file.endsWith('.ts') || file.endsWith('.js'))
  for (const file of files) if (!needed.has(join(dist, file))) rmSync(join(dist, file))
  for (const { fileName, code } of bundles.flatMap(({ output }) => output)) {
    mkdirSync(dirname(join(dist, fileName)), { recursive: true })
    writeFileSync(join(dist, fileName), code)
  }
  for (const source of importable) writeCommonJsDeclaration(join(dist, source))
}

rmSync(dist, { recursive: true, force: true })
try {
  await build()
} catch (error) {
  // An incomplete package could be mistaken for a complete one.
  rmSync(dist, { recursive: true, force: true })
  throw error
}
