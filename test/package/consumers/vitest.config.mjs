export default { test: { include: ['src/check.vitest.mjs'], testTimeout: 60_000 } }
