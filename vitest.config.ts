import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { nestMajors } from './test/support/setup/nest-majors.js'

const testsIn = (folders: readonly string[]): string[] =>
  folders.map((folder) => `test/${folder}/**/*.test.ts`)

/** Folders whose tests start every framework. */
const FRAMEWORKS = ['adapters', 'guard']

/** The other folders of src, which those of test mirror: `test/package/structure/folders.test.ts` checks that none is missing. */
const UNIT = readdirSync(new URL('src', import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !FRAMEWORKS.includes(entry.name))
  .map(({ name }) => name)

/**
 * Get a process of their own: they replace a module, or something global, for every file that shares it, or measure the
 * heap. All other tests but the slow ones share processes and modules, because loading those takes longer than most tests.
 */
const ALONE = [
  'test/adapters/fetch/responses.test.ts',
  'test/adapters/hono/servers.test.ts',
  'test/jwt/jose-load.test.ts',
  'test/jwt/signature-queue.test.ts',
  'test/outage/process.test.ts',
  'test/security/attack/answers.test.ts',
  'test/security/attack/layers.test.ts',
]

/** The tests of src and of the adapters that start Redis: before them, and before the larger ones, it is installed if it is missing. */
export const REDIS = [
  'test/adapters/redis/**/*.test.ts',
  'test/cli/docs.test.ts',
  'test/cli/revocations.test.ts',
]
const REDIS_ENGINE = 'test/support/redis/engine.ts'

/** What takes minutes with the parameters of `npm run test:slow`, and its long part of `npm test` without them. */
const SLOW = ['slow', 'package']

/** The packages of earlier versions of Nest contain tests of their own. */
const NESTED = '**/node_modules/**'

/** Needs tools that only `npm run test:slow` installs, or many servers. */
const LONG =
  process.env['M2M_GUARD_SLOW'] === undefined
    ? [
        'test/package/matrix/jest.test.ts',
        'test/slow/fleet/sharing.test.ts',
        'test/slow/fleet/topologies.test.ts',
      ]
    : []

/**
 * What is said of JWTs must come out the same whatever checks their signatures: these tests run once for each way. A
 * file of which no test reaches a signature fails here, so that it is moved to the exceptions.
 */
const SIGNED_TOKENS = {
  include: testsIn(['verifier', 'policy', 'keys', 'security/hostile', 'security/vectors']),
  exclude: [
    'test/keys/withdrawn-meanwhile.test.ts',
    'test/security/hostile/configuration/configuration-shapes.test.ts',
    'test/security/hostile/configuration/configuration.test.ts',
    'test/security/hostile/issuer/lying-answers.test.ts',
    'test/security/hostile/stray-characters.test.ts',
    'test/verifier/jwt-encodings.test.ts',
  ],
}

/** Deadlines, idle connections and RSA keys take no real time. */
const SETUP = ['clean-process', 'idle-connections', 'rsa-keys'].map((name) => `test/support/setup/${name}.ts`)

export default defineConfig({
  plugins: [nestMajors],
  test: {
    // Generous, for a machine that is busy with other things: nothing else that a test waits for is bounded by real time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // An option that is named `only` and forgotten would skip the rest.
    allowOnly: false,
    // Vitest leaves one core to itself, which of two would be half of the machine.
    maxWorkers: availableParallelism(),
    // Concurrent tests start processes of their own.
    maxConcurrency: 3,
    globalSetup: ['setup/rsa-keys-file', 'packed/run-folder'].map((name) => `test/support/${name}.ts`),
    setupFiles: SETUP,
    // Otherwise each project compiles the same sources again.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/m2m-guard/vitest' },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: testsIn(UNIT),
          exclude: [...ALONE, ...REDIS, NESTED],
          // The sources themselves are checked by tsc, in a step of its own.
          typecheck: {
            enabled: true,
            ignoreSourceErrors: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './test/types/tsconfig.json',
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'adapters',
          isolate: false,
          include: testsIn(FRAMEWORKS),
          exclude: [...ALONE, ...REDIS, NESTED],
        },
      },
      {
        extends: true,
        test: { name: 'redis', isolate: false, include: [...REDIS], globalSetup: [REDIS_ENGINE] },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [...testsIn([...UNIT, ...FRAMEWORKS, ...SLOW]), ...ALONE, NESTED],
          globalSetup: [REDIS_ENGINE],
        },
      },
      // A type check of a consumer takes a minute on a machine that is busy with more than these tests.
      { extends: true, test: { name: 'alone', include: ALONE } },
      {
        extends: true,
        test: {
          name: 'slow',
          include: testsIn(SLOW),
          exclude: LONG,
          testTimeout: 600_000,
          globalSetup: [REDIS_ENGINE],
        },
      },
      {
        extends: true,
        test: {
          ...SIGNED_TOKENS,
          // In addition to those above: Vitest joins the two lists.
          name: 'signatures by jose',
          isolate: false,
          setupFiles: ['test/support/setup/signatures-by-jose.ts'],
        },
      },
      {
        extends: true,
        test: {
          ...SIGNED_TOKENS,
          name: 'signatures in the thread pool',
          isolate: false,
          setupFiles: ['test/support/setup/signatures-in-pool.ts'],
        },
      },
    ],
  },
})
