import type { IncomingMessage, ServerResponse } from 'node:http'
import express from 'express'
import Koa from 'koa'
import * as forExpress from '../../../adapters/express.js'
import * as forKoa from '../../../adapters/koa.js'
import { anyOf, type Policy, type Verifier } from '../../../src/index.js'
import type { Mode, Rules } from './oracle.js'

/** Goes on with a request behind the last step of a host. */
export type Continue = (request: IncomingMessage, response: ServerResponse) => void

/** A step as the hosts run it. */
export type HostStep =
  | { readonly kind: 'guard'; readonly verifier: Verifier; readonly rules: Rules; readonly mode: Mode }
  | { readonly kind: 'requirement'; readonly rules: Rules }
  | { readonly kind: 'change'; readonly apply: (request: IncomingMessage) => void }

/** Passes a request through the steps of one host, and then on. */
type Host = (steps: readonly HostStep[], next: Continue) => Continue

/** The policy that states the rules. */
export function policyOf({ all, any, check, ...rest }: Rules): Policy {
  const [first, ...others] = any ?? []
  const scopes = first === undefined ? all : [anyOf(first, ...others), ...(all ?? [])]
  return {
    ...rest,
    ...(scopes === undefined ? {} : { scopes: scopes as readonly string[] }),
    ...(check === undefined ? {} : { check: () => check }),
  }
}

type ExpressMiddleware = ReturnType<typeof forExpress.guard>

function expressStep(step: HostStep): ExpressMiddleware {
  switch (step.kind) {
    case 'guard':
      return forExpress.guard(step.verifier, policyOf(step.rules), { mode: step.mode })
    case 'requirement':
      return forExpress.requirePolicy(policyOf(step.rules))
    case 'change':
      return (request, _, next) => {
        step.apply(request as IncomingMessage)
        next()
      }
  }
}

/** A hand-written chain of middleware over Node's own request. */
const plain: Host = (steps, next) => {
  const middleware = steps.map(expressStep)
  return (request, response) => {
    const run = (index: number): void => {
      const step = middleware[index]
      if (step === undefined) next(request, response)
      else
        step(request, response, (error) => {
          if (error === undefined) run(index + 1)
          else fail(response)
        })
    }
    run(0)
  }
}

const withExpress: Host = (steps, next) => {
  const app = express()
  app.disable('x-powered-by')
  for (const step of steps) app.use(expressStep(step))
  app.use((request, response) => {
    next(request, response)
  })
  return (request, response) => {
    app(request, response)
  }
}

function koaStep(step: HostStep): Koa.Middleware {
  switch (step.kind) {
    case 'guard':
      return forKoa.guard(step.verifier, policyOf(step.rules), { mode: step.mode })
    case 'requirement':
      return forKoa.requirePolicy(policyOf(step.rules))
    case 'change':
      return (context, next) => {
        step.apply(context.req)
        return next()
      }
  }
}

const withKoa: Host = (steps, next) => {
  const app = new Koa()
  app.silent = true
  for (const step of steps) app.use(koaStep(step))
  app.use((context) => {
    context.respond = false
    // Koa begins with 404, which an error handler further on would keep.
    context.res.statusCode = 200
    next(context.req, context.res)
  })
  const callback = app.callback()
  return (request, response) => {
    void callback(request, response)
  }
}

export const HOSTS = { plain, express: withExpress, koa: withKoa } as const

/** What a host sends for an error of the application. */
export function fail(response: ServerResponse): void {
  response.statusCode = 500
  response.end()
}

/** The request as fetch servers hand it on: they read every header that was sent, of which Node keeps the first. */
export function toFetchRequest({ method = 'GET', headers, rawHeaders }: IncomingMessage): Request {
  const sent = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'authorization')
  const values = sent.length > 1 ? sent : [headers.authorization ?? []].flat()
  const copied = new Headers()
  for (const value of values) copied.append('authorization', value)
  return new Request('http://api.test/orders', { method, headers: copied })
}
