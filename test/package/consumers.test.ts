import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { installNodes, NODE_LINES, nodeBinary } from './support/nodes.js'
import { createProject, emptyFolder, run } from './support/support.js'
import { typeCheck } from './support/type-check.js'

const FRAMEWORKS = [
  { adapter: 'express', name: 'express' },
  { adapter: 'express', name: 'express4' },
  { adapter: 'koa', name: 'koa' },
  { adapter: 'koa', name: 'koa2' },
  { adapter: 'fastify', name: 'fastify' },
  { adapter: 'nestjs', name: '@nestjs/core' },
  { adapter: 'fetch', name: 'hono' },
  { adapter: 'hono', name: 'hono' },
] as const

const BESIDE = [
  ...['@hono/node-server', '@types/express', '@types/koa', '@types/node'],
  ...['@nestjs/common', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'],
]

const project = emptyFolder()

beforeAll(() => {
  installNodes()
  const packages = [...new Set(FRAMEWORKS.map(({ name }) => name)), ...BESIDE]
  createProject(project.path, packages)
}, 300_000)

afterAll(project.remove)

/** A folder of the project with the consumers' sources and a separate `type`; packages are found above it. */
function consumerFolder(name: string, type: string): string {
  const folder = join(project.path, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type }))
  cpSync(join(project.path, 'src'), join(folder, 'src'), { recursive: true })
  return folder
}

// Each runs in a separate process, so that both cores are used.
describe.concurrent.each(NODE_LINES)('the packed tarball on Node %s', (line) => {
  const node = nodeBinary(line)

  it('runs on the version that is meant', async ({ expect }) => {
    expect(await run(node, ['--version'], project.path)).toMatch(
      new RegExp(`^v${line.replace('.', '\\.')}\\.`),
    )
  })

  describe.each(['esm.mjs', 'cjs.cjs'])('from %s', (consumer) => {
    let printing: Promise<string> | undefined

    it.for(FRAMEWORKS.map(({ adapter, name }, index) => ({ adapter, name, index })))(
      'guards an API made with $name and m2m-guard/$adapter',
      async ({ index }, { expect }) => {
        // One process guards an API in each framework. Hono is the last, because its server replaces the global Response.
        const frameworks = FRAMEWORKS.map(({ adapter, name }) => `${adapter}:${name}`)
        printing ??= run(node, [join('src/guarding', consumer), ...frameworks], project.path)
        const printed = (await printing).trimEnd().split('\n')
        expect(printed).toHaveLength(FRAMEWORKS.length)
        expect(JSON.parse(printed[index]!)).toEqual({
          good: [200, 'none', null],
          opaque: [200, 'none', null],
          scope: [
            403,
            'insufficient_scope',
            'Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a required scope.", scope="orders:read"',
          ],
          none: [401, 'unauthorized', 'Bearer realm="api"'],
        })
      },
    )
  })

  it('has a command that says what it can do', async ({ expect }) => {
    const bin = join('node_modules', 'm2m-guard', 'dist', 'src', 'cli', 'main.js')
    expect(await run(node, [bin, '--help'], project.path)).toContain('tokens create')
  })

  it.for(['calling-esm.mjs', 'calling-cjs.cjs'])('calls and manages: %s', async (consumer, { expect }) => {
    expect(JSON.parse(await run(node, [join('src/calling', consumer)], project.path))).toEqual({
      client: true,
      revoked: true,
      problem: 'credentials_refused',
      failure: 404,
    })
  })
})

describe.concurrent.each([
  { type: 'module', module: 'NodeNext' },
  { type: 'commonjs', module: 'NodeNext' },
  { type: 'module', module: 'preserve' },
])('the packed tarball from TypeScript, as $type with module $module', ({ type, module }) => {
  it('type-checks a guarded API and every declaration strictly, and runs when it is compiled', async ({
    expect,
  }) => {
    const folder = consumerFolder(`${type}-${module}`, type)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module,
          target: 'ES2022',
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          esModuleInterop: true,
          types: ['node'],
          rootDir: 'src/types',
          outDir: 'out',
        },
        files: ['src/types/typed.ts', 'src/types/imports.ts'],
      }),
    )
    const { errors, declarations } = typeCheck(folder)
    expect(errors).toBe('')
    expect(declarations).toBeGreaterThan(100)
    expect(await run(process.execPath, ['out/typed.js'], folder)).toBe('true token_inactive\nBearer \n')
  })
})
