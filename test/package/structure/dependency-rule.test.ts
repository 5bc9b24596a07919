import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { cruise, type IConfiguration } from 'dependency-cruiser'
import { expect, it, onTestFinished } from 'vitest'

const { forbidden = [] } = createRequire(import.meta.url)(
  '../../../.dependency-cruiser.cjs',
) as IConfiguration

/** The names of the rules that a source tree with these files violates. */
async function violatedBy(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const baseDir = mkdtempSync(join(tmpdir(), 'm2m-guard-rule-'))
  onTestFinished(() => {
    rmSync(baseDir, { recursive: true, force: true })
  })
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(baseDir, path)), { recursive: true })
    writeFileSync(join(baseDir, path), text)
  }
  const options = { baseDir, validate: true, ruleSet: { forbidden }, tsPreCompilationDeps: true }
  const { output } = await cruise(['src', 'adapters'], options)
  if (typeof output === 'string') throw new Error(output)
  return output.summary.violations.map(({ rule }) => rule.name)
}

/** Two modules that may import each other's folder, so that no file is an orphan. */
const ALLOWED = {
  'src/util/clock.ts': 'export const now = 1\n',
  'src/model/token.ts': "export { now } from '../util/clock.js'\n",
  'adapters/express.ts': "export { now } from '../src/util/clock.js'\n",
}

it('accepts a folder that imports a lower folder', async () => {
  expect(await violatedBy(ALLOWED)).toEqual([])
})

it.each<[string, string, string, string]>([
  [
    'a folder that imports a higher folder',
    'src/util/planted.ts',
    "export { now } from '../model/token.js'\n",
    'src-util-imports-only-what-is-below-it',
  ],
  [
    'a folder beside it',
    'src/keys/planted.ts',
    "export { read } from '../jwt/read.js'\n",
    'src-keys-imports-only-what-is-below-it',
  ],
  [
    'a folder without a floor',
    'src/model/planted.ts',
    "export { name } from '../unknown/name.js'\n",
    'every-folder-has-a-floor',
  ],
  [
    'a loose file at the root of src',
    'src/model/planted.ts',
    "export { loose } from '../loose.js'\n",
    'every-folder-has-a-floor',
  ],
  [
    'a folder without a floor that nothing imports',
    'src/unknown/index.ts',
    "export { now } from '../util/clock.js'\n",
    'every-folder-that-imports-has-a-floor',
  ],
  [
    'a client that imports more of a provider than its URL',
    'src/client/planted.ts',
    "export { clerk } from '../providers/clerk/clerk.js'\n",
    'client-imports-only-api-urls-of-providers',
  ],
  [
    'an adapter that imports another one',
    'adapters/koa.ts',
    "export { now } from './express.js'\n",
    'adapters-do-not-import-each-other',
  ],
  [
    'an adapter of a framework that imports more than a guard',
    'adapters/koa/planted.ts',
    "export { read } from '../../src/jwt/read.js'\n",
    'adapters-of-frameworks-import-only-what-they-adapt',
  ],
  [
    'an adapter of metrics that imports a guard',
    'adapters/prometheus/planted.ts',
    "export { enter } from '../../src/guard/enter.js'\n",
    'adapters-prometheus-import-only-what-they-adapt',
  ],
  [
    'an adapter of Redis that imports a verifier',
    'adapters/redis.ts',
    "export { enter } from '../src/guard/enter.js'\n",
    'adapters-redis-import-only-what-they-adapt',
  ],
  [
    'a source file that imports jose when it is loaded',
    'src/verifier/planted.ts',
    "export { decodeJwt } from 'jose'\n",
    'only-the-loader-imports-jose',
  ],
  [
    'a source file that imports an adapter',
    'src/guard/planted.ts',
    "export { now } from '../../adapters/express.js'\n",
    'src-guard-imports-only-what-is-below-it',
  ],
])('reports %s', async (_, path, text, rule) => {
  const found = await violatedBy({
    ...ALLOWED,
    'src/jwt/read.ts': "export { now as read } from '../util/clock.js'\n",
    'src/unknown/name.ts': "export const name = ''\n",
    'src/guard/enter.ts': "export { now as enter } from '../util/clock.js'\n",
    'node_modules/jose/package.json': '{ "name": "jose", "main": "index.js" }',
    'node_modules/jose/index.js': 'exports.decodeJwt = 1\n',
    'src/loose.ts': 'export const loose = 1\n',
    'src/providers/clerk/clerk.ts': "export { now as clerk } from '../../util/clock.js'\n",
    [path]: text,
  })
  expect(found).toContain(rule)
})
