import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { installNodes, NODE_LINES, nodeBinary } from '../support/nodes.js'
import { createProject, emptyFolder, run } from '../support/support.js'
import { installTools, toolPath } from './tools.js'

/** Jest, its transforms, and what they load from the project. */
const LINKED = ['typescript', '@babel/core', '@babel/preset-env', '@swc/core']

const TRANSFORMED = '^.+\\.jest\\.[jt]s$'
const NODENEXT = { module: 'nodenext', isolatedModules: false }
const COMMONJS = { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }
const compile = (compilerOptions: object): object => ({
  transform: {
    [TRANSFORMED]: [
      toolPath('ts-jest'),
      { tsconfig: { strict: true, target: 'es2022', ...compilerOptions } },
    ],
  },
})

const CELLS = [
  { name: 'without a transform', file: 'plain.jest.js', config: { transform: {} } },
  { name: 'in its default mode, without a configuration', file: 'plain.jest.js', config: {} },
  { name: 'ts-jest to CommonJS', file: 'typed.jest.ts', config: compile(COMMONJS) },
  { name: 'ts-jest with nodenext', file: 'typed.jest.ts', config: compile(NODENEXT) },
  {
    name: '@swc/jest',
    file: 'typed.jest.ts',
    config: {
      transform: {
        [TRANSFORMED]: [
          toolPath('@swc/jest'),
          { jsc: { parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
        ],
      },
    },
  },
  {
    name: 'babel-jest',
    file: 'transformed.jest.js',
    config: {
      transform: {
        [TRANSFORMED]: [
          toolPath('babel-jest'),
          { presets: [[toolPath('@babel/preset-env'), { targets: { node: 'current' } }]] },
        ],
      },
    },
  },
]

const project = emptyFolder()

beforeAll(() => {
  installNodes()
  installTools()
  createProject(project.path, ['@types/node'])
  for (const name of LINKED) {
    const link = join(project.path, 'node_modules', name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(toolPath(name), link, 'dir')
  }
}, 600_000)

afterAll(project.remove)

describe.concurrent.each(NODE_LINES)('Jest 30 on Node %s loads the package and everything works', (line) => {
  it.for(CELLS)('$name', async ({ name, file, config }, { expect }) => {
    const path = join(project.path, `${line}-${name.replaceAll(/\W+/g, '-')}.config.json`)
    const paths = { rootDir: project.path, testMatch: [`<rootDir>/src/checking/${file}`] }
    writeFileSync(path, JSON.stringify({ ...paths, watchman: false, testTimeout: 60_000, ...config }))
    const args = [toolPath('jest/bin/jest.js'), '--config', path, '--runInBand', '--no-cache', '--json']
    const { numPassedTests } = JSON.parse(await run(nodeBinary(line), args, project.path)) as {
      numPassedTests: number
    }
    expect(numPassedTests).toBe(1)
  })
})
