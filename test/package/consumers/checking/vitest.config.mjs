export default { test: { include: ['src/checking/check.vitest.mjs'], testTimeout: 60_000 } }
