import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real servers on loopback and RSA keys: generous, so that a busy machine decides nothing.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // An option that is named `only` and forgotten would skip the rest.
    allowOnly: false,
    // The sources themselves are checked by tsc, in a step of its own.
    typecheck: {
      enabled: true,
      ignoreSourceErrors: true,
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: './tsconfig.json',
    },
  },
})
