import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProject, emptyFolder, run, tool } from '../support/support.js'
import { EXPECTED } from './expected.js'
import { installTools, IS_WHOLE, toolPath } from './tools.js'

type Source = 'check-esm.mjs' | 'check-cjs.cjs'

interface Bundler {
  readonly name: string
  /** Writes the bundle to a folder. */
  readonly bundle: (source: Source, folder: string) => Promise<string>
}

const node = (...args: readonly string[]): Promise<string> => run(process.execPath, args, project.path)

const esbuild: Bundler = {
  name: 'esbuild',
  bundle: (source, folder) =>
    run(
      tool('esbuild'),
      [
        join('src/checking', source),
        '--bundle',
        '--platform=node',
        `--outfile=${join(folder, 'bundle.cjs')}`,
      ],
      project.path,
    ),
}

const rollup: Bundler = {
  name: 'rollup',
  bundle: async (source, folder) => {
    const config = join(folder, '..', `rollup-${source}.config.mjs`)
    const plugin = (name: string): string => toolPath(`${name}/dist/es/index.js`)
    writeFileSync(
      config,
      [
        `import commonjs from '${plugin('@rollup/plugin-commonjs')}'`,
        `import resolve from '${plugin('@rollup/plugin-node-resolve')}'`,
        `export default {`,
        `  input: '${join(project.path, 'src/checking', source)}',`,
        `  external: /^node:/,`,
        `  plugins: [resolve({ preferBuiltins: true }), commonjs({ ignoreDynamicRequires: true })],`,
        // One file, as all others write: a dynamic import is a file of its own otherwise.
        `  output: { file: '${join(folder, 'bundle.mjs')}', format: 'es', inlineDynamicImports: true },`,
        `}`,
      ].join('\n'),
    )
    return node(toolPath('@rollup/wasm-node/dist/bin/rollup'), '--config', config, '--silent')
  },
}

const webpack: Bundler = {
  name: 'webpack',
  bundle: async (source, folder) => {
    const program = [
      `require(${JSON.stringify(toolPath('webpack'))})({`,
      `  mode: 'production', target: 'node20', entry: ${JSON.stringify(join(project.path, 'src/checking', source))},`,
      `  output: { path: ${JSON.stringify(folder)}, filename: 'bundle.cjs' },`,
      `}, (error, stats) => {`,
      `  if (error ?? stats.hasErrors()) { console.error(error ?? stats.toString()); process.exitCode = 1 }`,
      `})`,
    ]
    return node('--eval', program.join('\n'))
  },
}

const ncc: Bundler = {
  name: 'ncc',
  bundle: (source, folder) =>
    node(
      toolPath('@vercel/ncc/dist/ncc/cli.js'),
      'build',
      join('src/checking', source),
      '--out',
      folder,
      '--quiet',
    ),
}

const BUNDLERS: readonly Bundler[] = IS_WHOLE ? [esbuild, rollup, webpack, ncc] : [esbuild]

const project = emptyFolder()
const outside = emptyFolder()

beforeAll(() => {
  if (IS_WHOLE) installTools()
  createProject(project.path, [])
}, 600_000)

afterAll(() => {
  project.remove()
  outside.remove()
})

describe.concurrent.each(BUNDLERS)('a bundle of $name', ({ name, bundle }) => {
  it.for(['check-esm.mjs', 'check-cjs.cjs'] as const)(
    'runs as a single file without node_modules, jose included: %s',
    async (source, { expect }) => {
      const folder = join(project.path, 'out', `${name}-${source}`)
      mkdirSync(folder, { recursive: true })
      await bundle(source, folder)
      const [file, ...others] = readdirSync(folder).filter((path) => /\.[cm]?js$/.test(path))
      expect(others).toEqual([])
      const alone = join(outside.path, `${name}-${source}`, file!)
      cpSync(join(folder, file!), alone)
      expect(JSON.parse(await run(process.execPath, [alone], outside.path))).toEqual(EXPECTED)
    },
  )
})

it('a bundle of the CommonJS build keeps the license of jose', async () => {
  const folder = join(project.path, 'out', 'license')
  await esbuild.bundle('check-cjs.cjs', folder)
  expect(readFileSync(join(folder, 'bundle.cjs'), 'utf8')).toContain('Copyright (c) 2018 Filip Skokan')
})
