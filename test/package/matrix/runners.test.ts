import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installNodes, NODE_LINES, nodeBinary } from '../support/nodes.js'
import { createProject, emptyFolder, run, tool } from '../support/support.js'
import { EXPECTED } from './expected.js'
import { IS_WHOLE } from './tools.js'

const VITEST = fileURLToPath(new URL('../../../node_modules/vitest', import.meta.url))

/** Node loads the package as a module everywhere. Without `require(esm)`, `require()` loads the CommonJS build. */
const PROGRAMS = [
  { what: 'import', args: ['src/checking/check-esm.mjs'] },
  { what: 'require()', args: ['src/checking/check-cjs.cjs'] },
  {
    what: 'require() where modules cannot be loaded with it',
    args: ['--no-experimental-require-module', 'src/checking/check-cjs.cjs'],
  },
]

const project = emptyFolder()
const [LOWEST] = NODE_LINES
const NEWEST = NODE_LINES.at(-1)!
const lines: readonly string[] = IS_WHOLE ? NODE_LINES : [LOWEST]

beforeAll(() => {
  installNodes()
  // The peers that entry points load at once.
  createProject(project.path, ['@types/node', '@nestjs/common', '@nestjs/core', '@opentelemetry/api'])
  symlinkSync(VITEST, join(project.path, 'node_modules/vitest'), 'dir')
}, 300_000)

afterAll(project.remove)

describe.concurrent.each(lines)('on Node %s', (line) => {
  it.for(PROGRAMS)(
    'every algorithm, jose, the client and a guard work: $what',
    async ({ args }, { expect }) => {
      expect(JSON.parse(await run(nodeBinary(line), args, project.path))).toEqual(EXPECTED)
    },
  )

  it('import and require() return the same instance of every entry point', async ({ expect }) => {
    expect(await run(nodeBinary(line), ['src/guarding/instances.mjs'], project.path)).toBe('same\n')
  })

  it('node:test runs them', async ({ expect }) => {
    const printed = await run(nodeBinary(line), ['--test', 'src/checking/check.node-test.mjs'], project.path)
    expect(printed).toMatch(/pass 1\b/)
  })
})

it('the module and the CommonJS build work together in one process', async () => {
  const args = ['src/guarding/both-builds.mjs']
  expect(await run(process.execPath, args, project.path)).toBe('[200,403,401]\n')
})

it('Vitest runs them', async () => {
  const args = ['run', '--config', 'src/checking/vitest.config.mjs', '--reporter=json']
  const { numPassedTests } = JSON.parse(await run(tool('vitest'), args, project.path)) as {
    numPassedTests: number
  }
  expect(numPassedTests).toBe(1)
})

// Node 20 cannot strip types.
it.each(IS_WHOLE ? lines.filter((line) => !line.startsWith('20')) : [NEWEST])(
  'Node %s runs TypeScript by stripping its types',
  async (line) => {
    const args = ['--experimental-strip-types', 'src/checking/stripped.mts']
    expect(JSON.parse(await run(nodeBinary(line), args, project.path))).toEqual(EXPECTED)
  },
)
