import { express4, express5 } from './frameworks/express.js'
import { fastify5, fastify5WithHooks } from './frameworks/fastify.js'
import { honoWithFetch, plainFetch } from './frameworks/fetch.js'
import { hono4, hono48 } from './frameworks/hono.js'
import { koa2, koa3 } from './frameworks/koa.js'
import { nestFrameworks } from './frameworks/nest.js'
import type { Framework } from './frameworks/plan.js'

export * from './frameworks/plan.js'

/** Every framework and version that an adapter supports. Each case runs in all of them. */
export const frameworks: readonly Framework[] = [
  express5,
  express4,
  koa3,
  koa2,
  fastify5,
  fastify5WithHooks,
  hono4,
  hono48,
  honoWithFetch,
  plainFetch,
  ...nestFrameworks,
]

/** The frameworks with `requireScopes()`, whose use without a guard is an error of the application. */
export const frameworksWithDemands = frameworks.filter(({ hasDemands }) => hasDemands)
