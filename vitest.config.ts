import { defineConfig } from 'vitest/config'

/** What is said of JWTs must come out the same whatever checks their signatures: these tests run once for each way. */
const SIGNED_TOKENS = ['verifier', 'policy', 'keys', 'security/hostile', 'security/vectors'].map(
  (folder) => `test/${folder}/**/*.test.ts`,
)

export default defineConfig({
  test: {
    // Real servers on loopback and RSA keys: generous, so that a busy machine decides nothing.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // An option that is named `only` and forgotten would skip the rest.
    allowOnly: false,
    setupFiles: ['test/support/deadlines.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          // The sources themselves are checked by tsc, in a step of its own.
          typecheck: {
            enabled: true,
            ignoreSourceErrors: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'signatures by jose',
          include: SIGNED_TOKENS,
          setupFiles: ['test/support/signatures-by-jose.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'signatures in the thread pool',
          include: SIGNED_TOKENS,
          setupFiles: ['test/support/signatures-in-pool.ts'],
        },
      },
    ],
  },
})
