import { mkdirSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createProject, emptyFolder, run } from '../support/support.js'
import { typeCheck } from '../support/type-check.js'
import { installTools, IS_WHOLE, toolPath } from './tools.js'

/** TypeScript 7 is a native program, which `bin/tsc` starts. */
const COMPILERS = {
  '5.4': 'typescript-5.4',
  '5.9': 'typescript',
  '6': 'typescript-6',
  '7': 'typescript-7',
} as const
type Version = keyof typeof COMPILERS

const DEFAULTS = { files: ['defaults.ts'], flags: [] }
const NODENEXT = { files: ['defaults.mts', 'defaults.cts'], flags: ['--module', 'nodenext'] }
const BUNDLER = {
  files: ['defaults.ts'],
  flags: ['--module', 'preserve', '--moduleResolution', 'bundler', '--target', 'es2022'],
}
/** Of TypeScript 5: version 6 needs `ignoreDeprecations` for it, and version 7 does not have it. */
const NODE10 = { files: ['defaults.ts'], flags: ['--module', 'commonjs', '--moduleResolution', 'node10'] }
const IGNORED = [...NODE10.flags, '--ignoreDeprecations', '6.0']

interface Cell {
  readonly version: Version
  readonly what: string
  readonly files: readonly string[]
  readonly flags: readonly string[]
}

const cell = (version: Version, what: string, options: Pick<Cell, 'files' | 'flags'>): Cell => ({
  version,
  what,
  ...options,
})
const versions = Object.keys(COMPILERS) as Version[]

const CELLS: readonly Cell[] = IS_WHOLE
  ? [
      ...versions.map((version) => cell(version, 'without options', DEFAULTS)),
      ...versions.map((version) => cell(version, 'nodenext, as modules and as CommonJS', NODENEXT)),
      ...versions.map((version) => cell(version, 'bundler', BUNDLER)),
      cell('5.4', 'node10', NODE10),
      cell('5.9', 'node10', NODE10),
      cell('6', 'node10', { ...NODE10, flags: IGNORED }),
    ]
  : [
      cell('6', 'nodenext, as modules and as CommonJS', NODENEXT),
      cell('6', 'node10', { ...NODE10, flags: IGNORED }),
    ]

const project = emptyFolder()
const sources = join(project.path, 'src/types')

beforeAll(() => {
  if (IS_WHOLE) installTools()
  createProject(project.path, ['@types/node'])
  for (const file of ['defaults.mts', 'defaults.cts'])
    copyFileSync(join(sources, 'defaults.ts'), join(sources, file))
}, 300_000)

afterAll(project.remove)

/** Returns the errors. Without the other compilers, the one of this project compiles in this process. */
async function compile(version: Version, folder: string, args: readonly string[]): Promise<string> {
  if (!IS_WHOLE) return typeCheck(folder, args).errors
  return run(process.execPath, [join(toolPath(COMPILERS[version]), 'bin', 'tsc'), ...args], folder)
}

it.concurrent.each(CELLS)(
  'TypeScript $version checks every entry point and its declarations with only @types/node beside it: $what',
  async ({ version, files, flags }) => {
    expect(await compile(version, sources, ['--noEmit', ...flags, ...files])).toBe('')
  },
)

it('a program can mix values from import and from require(): the types are the same', async () => {
  const folder = join(sources, 'mixed')
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'app.cts'),
    [
      `import { createVerifier, oauth, Refusal, type Verifier } from 'm2m-guard'`,
      `export const verifier: Verifier = createVerifier({ issuers: [oauth({ issuer: 'https://a.example', audience: null })] })`,
      `export const refusal: Refusal = new Refusal('token_missing')`,
    ].join('\n'),
  )
  writeFileSync(
    join(folder, 'main.mts'),
    [
      `import type { Refusal, Verifier } from 'm2m-guard'`,
      `import { guard } from 'm2m-guard/fetch'`,
      `import { refusal, verifier } from './app.cjs'`,
      `guard(verifier)`,
      `export const same: [Refusal, Verifier] = [refusal, verifier]`,
    ].join('\n'),
  )
  const flags = ['--noEmit', '--module', 'nodenext', '--strict', '--skipLibCheck']
  expect(await compile('6', folder, [...flags, 'main.mts'])).toBe('')
})
