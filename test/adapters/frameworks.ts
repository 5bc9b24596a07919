import { express4, express5 } from './frameworks/express.js'
import { fastify5 } from './frameworks/fastify.js'
import { hono, plainFetch } from './frameworks/fetch.js'
import { koa2, koa3 } from './frameworks/koa.js'
import type { Framework } from './frameworks/plan.js'

export * from './frameworks/plan.js'

/** Every framework and version an adapter is for: one table of cases runs through all of them. */
export const frameworks: readonly Framework[] = [express5, express4, koa3, koa2, fastify5, hono, plainFetch]

/** Those whose answer to a fault of the application can be seen by anybody, as `requireScopes()` without a guard is. */
export const frameworksWithDemands = frameworks.filter(({ hasDemands }) => hasDemands)
