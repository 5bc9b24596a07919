import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packedTarball } from '../support/packed/packed-package.js'
import { emptyFolder, run, tool } from './support/support.js'

type Condition = 'module-sync' | 'import' | 'require'
type Target = Readonly<Record<'types' | 'default', string>>

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly type: string
  readonly sideEffects: boolean
  readonly engines: Readonly<Record<string, string>>
  readonly main: string
  readonly types: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<Condition, Target>>>>
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

/** The files that the exports name under a condition. */
function named(condition: Condition, kind: keyof Target): readonly string[] {
  return Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : entry[condition][kind],
  )
}

it('contains the build, its declarations and the documentation, and nothing else', () => {
  const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']
  const outside = files.filter(
    (file) =>
      !/^package\/(dist\/((src|adapters)\/[\w/-]+\.(c?js|d\.c?ts)|shared\/[\w-]+\.c?js)|docs\/((guide|guide\/getting-started|guide\/issuers-a-to-z|reference|migration|vendors|decisions)\/)?[\w-]+\.md|docs\/charts\/[\w-]+\.svg|docs\/operate\/[\w-]+\.(md|json|yml))$/.test(
        file,
      ),
  )
  expect(outside.sort()).toEqual(pages.map((page) => `package/${page}`).sort())
})

it.each([
  { extension: '.js', condition: 'import', runnable: (): readonly string[] => Object.values(manifest.bin) },
  { extension: '.cjs', condition: 'require', runnable: (): readonly string[] => [] },
] as const)(
  'consists of what can be imported or run, with a declaration each, and of few files that they share: $extension',
  ({ extension, condition, runnable }) => {
    const modules = files
      .filter((file) => file.endsWith(extension))
      .map((file) => file.replace('package/', './'))
    const shared = modules.filter((file) => file.startsWith('./dist/shared/'))
    const entries = modules.filter((file) => !shared.includes(file))
    expect(entries.sort()).toEqual([...named(condition, 'default'), ...runnable()].sort())
    const declarations = named(condition, 'types').map((file) => file.replace('./', 'package/'))
    expect(declarations.filter((file) => !files.includes(file))).toEqual([])
    // Every start loads each file.
    expect(shared.length).toBeLessThan(50)
  },
)

it('gives import and require() in Node the same module, and tools without modules the CommonJS build', () => {
  for (const [name, entry] of Object.entries(manifest.exports)) {
    if (typeof entry === 'string') continue
    // The first condition that matches is used.
    expect(Object.keys(entry), name).toEqual(['module-sync', 'import', 'require'])
    expect(entry['module-sync'], name).toEqual(entry.import)
    expect(entry.require.default, name).toBe(entry.import.default.replace(/\.js$/, '.cjs'))
    expect(entry.require.types, name).toBe(entry.import.types.replace(/\.d\.ts$/, '.d.cts'))
  }
})

it('the CommonJS build loads no module: it contains what it uses of jose, with the license', () => {
  const read = (file: string): string => readFileSync(join(folder.path, file), 'utf8')
  const commonJs = files.filter((file) => file.endsWith('.cjs'))
  for (const file of commonJs) {
    expect(/\bimport\(['"/]/.exec(read(file)), file).toBeNull()
    expect(
      /require\('(?!node:|\.|lru-cache'|@nestjs\/|@opentelemetry\/api')/.exec(read(file)),
      file,
    ).toBeNull()
  }
  const jose = read('package/dist/shared/jose.cjs')
  expect(jose).toContain('Permission is hereby granted, free of charge')
  expect(jose).toContain('Copyright (c) 2018 Filip Skokan')
  expect(jose.includes('JWEInvalid')).toBe(false)
})

it('guards without loading jose, or what of Node speaks HTTP, before it is needed', async () => {
  const project = emptyFolder()
  const packages = join(project.path, 'node_modules')
  cpSync(join(folder.path, 'package'), join(packages, 'm2m-guard'), { recursive: true })
  // No other package is there, so an import of jose fails.
  cpSync(lruCache, join(packages, 'lru-cache'), { recursive: true })
  const names = [
    'm2m-guard',
    ...['express', 'fastify', 'fetch', 'hono', 'koa'].map((name) => `m2m-guard/${name}`),
  ]
  const imports = names.map((name) => `await import('${name}')`)
  const code = [...imports, 'console.log(JSON.stringify(process.moduleLoadList))'].join('\n')
  const printed = await run(process.execPath, ['--input-type=module', '-e', code], project.path)
  const loaded = JSON.parse(printed) as string[]
  expect(loaded.filter((name) => /^NativeModule (_?http|https|http2|_?tls|net)/.test(name))).toEqual([])
  project.remove()
})

it('contains no declaration that none of its exports needs', () => {
  const isReached = new Set(named('import', 'types').map((file) => join('package', file)))
  for (const file of isReached) {
    const text = readFileSync(join(folder.path, file), 'utf8')
    for (const [, path] of text.matchAll(/['"](\.[^'"]+)\.js['"]/g))
      isReached.add(join(file, '..', `${path}.d.ts`))
  }
  const declarations = files.filter((file) => file.endsWith('.d.ts'))
  expect(declarations.filter((file) => !isReached.has(file))).toEqual([])
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
    ...['.', './client', './express', './fastify', './fetch', './hono', './issuers', './koa'],
    ...[
      './management',
      './nestjs',
      './opentelemetry',
      './package.json',
      './prometheus',
      './redis',
      './revocation',
    ],
    './testing',
  ])
})

it('needs jose and lru-cache and takes every framework, and the types of Node, as an optional peer', () => {
  expect(Object.keys(manifest.dependencies).sort()).toEqual(['jose', 'lru-cache'])
  const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional)
  expect(optional.map(([name]) => name).sort()).toEqual(Object.keys(manifest.peerDependencies).sort())
  expect(Object.keys(manifest.peerDependencies).sort()).toEqual([
    ...[
      '@nestjs/common',
      '@nestjs/core',
      '@opentelemetry/api',
      '@types/node',
      'express',
      'fastify',
      'hono',
      'koa',
      'prom-client',
    ],
  ])
})

it('passes publint, strictly', async () => {
  const { messages, pkg } = await publint({ pkgDir: join(folder.path, 'package'), strict: true, pack: false })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

it('passes arethetypeswrong without a profile, for every entry point and every resolution', async () => {
  const printed = await run(tool('attw'), [tarball, '--format', 'json'], folder.path)
  const { analysis } = JSON.parse(printed) as {
    analysis: { entrypoints: Readonly<Record<string, unknown>>; problems: readonly unknown[] }
  }
  expect(Object.keys(analysis.entrypoints).sort()).toEqual(Object.keys(manifest.exports).sort())
  expect(analysis.problems).toEqual([])
})
