import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packedTarball } from '../support/packed/packed-package.js'
import { emptyFolder, run, tool } from './support.js'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly type: string
  readonly sideEffects: boolean
  readonly engines: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>
}

const lruCache = fileURLToPath(new URL('../../node_modules/lru-cache', import.meta.url))
const folder = emptyFolder()
let tarball: string
let files: readonly string[]
let manifest: Manifest

beforeAll(() => {
  tarball = packedTarball()
  files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n')
  execFileSync('tar', ['-xzf', tarball, '-C', folder.path])
  manifest = JSON.parse(readFileSync(join(folder.path, 'package/package.json'), 'utf8')) as Manifest
})

afterAll(folder.remove)

/** What the exports name for a condition. */
function named(condition: 'types' | 'default'): readonly string[] {
  return Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : (entry[condition] ?? []),
  )
}

it('contains the build, its declarations and the documentation, and nothing else', () => {
  const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
  const outside = files.filter(
    (file) =>
      !/^package\/(dist\/((src|adapters)\/[\w/-]+\.(js|d\.ts)|shared\/[\w-]+\.js)|docs\/((guide|guide\/getting-started|reference|migration|vendors|decisions)\/)?[\w-]+\.md|docs\/charts\/[\w-]+\.svg)$/.test(
        file,
      ),
  )
  expect(outside.sort()).toEqual(pages.map((page) => `package/${page}`).sort())
})

it('consists of what can be imported or run, with a declaration each, and of few files that they share', () => {
  const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.replace('package/', './'))
  const shared = modules.filter((file) => file.startsWith('./dist/shared/'))
  const entries = modules.filter((file) => !shared.includes(file))
  expect(entries.sort()).toEqual([...named('default'), ...Object.values(manifest.bin)].sort())
  const declarations = entries.map((file) => file.replace('./', 'package/').replace(/\.js$/, '.d.ts'))
  expect(declarations.filter((file) => !files.includes(file))).toEqual([])
  // Each file takes its time of every start.
  expect(shared.length).toBeLessThan(13)
})

it('guards without loading jose, or what of Node speaks HTTP, before it is needed', async () => {
  const project = emptyFolder()
  const packages = join(project.path, 'node_modules')
  cpSync(join(folder.path, 'package'), join(packages, 'm2m-guard'), { recursive: true })
  // No other package is there, so an import of jose fails.
  cpSync(lruCache, join(packages, 'lru-cache'), { recursive: true })
  const names = ['m2m-guard', ...['express', 'fastify', 'fetch', 'koa'].map((name) => `m2m-guard/${name}`)]
  const imports = names.map((name) => `await import('${name}')`)
  const code = [...imports, 'console.log(JSON.stringify(process.moduleLoadList))'].join('\n')
  const printed = await run(process.execPath, ['--input-type=module', '-e', code], project.path)
  const loaded = JSON.parse(printed) as string[]
  expect(loaded.filter((name) => /^NativeModule (_?http|https|http2|_?tls|net)/.test(name))).toEqual([])
  project.remove()
})

it('has every file that its exports name', () => {
  const paths = [...named('types'), ...named('default'), './package.json']
  expect(paths.filter((path) => !files.includes(path.replace('./', 'package/')))).toEqual([])
})

it('says what it is', () => {
  expect(manifest).toMatchObject({
    name: 'm2m-guard',
    license: 'MIT',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=20.19.0' },
  })
  expect(Object.keys(manifest.exports).sort()).toEqual([
    '.',
    './client',
    './express',
    './fastify',
    './fetch',
    './issuers',
    './koa',
    './management',
    './package.json',
    './testing',
  ])
})

it('needs jose and lru-cache and takes every framework as an optional peer', () => {
  expect(Object.keys(manifest.dependencies).sort()).toEqual(['jose', 'lru-cache'])
  const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional)
  expect(optional.map(([name]) => name).sort()).toEqual(Object.keys(manifest.peerDependencies).sort())
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual(['express', 'fastify', 'koa'])
})

it('passes publint, strictly', async () => {
  const { messages, pkg } = await publint({ pkgDir: join(folder.path, 'package'), strict: true, pack: false })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

it('passes arethetypeswrong for a package of modules', async () => {
  const printed = await run(tool('attw'), [tarball, '--profile', 'esm-only', '--format', 'json'], folder.path)
  const { analysis } = JSON.parse(printed) as { analysis: { types: { kind: string } } }
  expect(analysis.types.kind).toBe('included')
})
