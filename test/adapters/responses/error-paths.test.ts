import type { IncomingMessage, ServerResponse } from 'node:http'
import middie from '@fastify/middie'
import fastify from 'fastify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { guard, requireScopes } from '../../../adapters/express.js'
import { guard as koaGuard, type KoaContext } from '../../../adapters/koa.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { createServer } from 'node:http'
import { close, listen } from '../frameworks/server.js'
import { frameworks, guarded } from '../frameworks.js'
import { bearer, createIssuer, run, settle, verifierFor } from '../support.js'

let issuer: TestIssuer
beforeAll(async () => {
  issuer = await createIssuer()
})
afterAll(() => issuer.close())

/** Unhandled rejections, each of which would end the process. */
let unhandled: unknown[]
const record = (reason: unknown): void => {
  unhandled.push(reason)
}
let others: NodeJS.UnhandledRejectionListener[]
beforeEach(() => {
  unhandled = []
  others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', record)
})
afterEach(() => {
  process.removeAllListeners('unhandledRejection')
  for (const listener of others) process.on('unhandledRejection', listener)
})

const TOKENS = [
  { token: 'a token that is awaited', mint: () => issuer.mintOpaque({ scopes: 'orders:read' }) },
  { token: 'a token that is verified with keys', mint: () => issuer.mintJwt({ scopes: 'orders:read' }) },
]

const BROKEN = 'a later middleware broke'

type Next = (error?: unknown) => unknown
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => unknown

/** Handles an error that the engine receives. */
type Manner = 'answers' | 'throws it' | 'rejects with it'

/** A minimal middleware engine that catches nothing, like the engines inside other frameworks. */
function engine(middlewares: readonly Middleware[], manner: Manner): Middleware {
  return (request, response) => {
    let index = 0
    const next: Next = (error) => {
      if (error instanceof Error) {
        if (manner === 'throws it') throw error
        if (manner === 'rejects with it') return Promise.reject(error)
        response.statusCode = 500
        return response.end(error.message)
      }
      const middleware = middlewares[index]
      index += 1
      return middleware?.(request, response, next)
    }
    next()
  }
}

const LATER: readonly { readonly later: string; readonly middleware: Middleware }[] = [
  {
    later: 'throws',
    middleware: () => {
      throw new Error(BROKEN)
    },
  },
  { later: 'rejects', middleware: () => Promise.reject(new Error(BROKEN)) },
]

async function statusOf(listener: Middleware, token: string): Promise<number> {
  const server = createServer((request, response) => {
    try {
      listener(request, response, () => undefined)
    } catch {
      // The host of an engine handles an error that is thrown synchronously.
      response.writeHead(500).end()
    }
  })
  const port = await listen(server)
  onTestFinished(() => close(server))
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: bearer(token) })
  await response.text()
  return response.status
}

describe.each(TOKENS)('behind $token', ({ mint }) => {
  describe.each(LATER)('a later middleware that $later', ({ middleware }) => {
    it.each<Manner>(['answers', 'throws it', 'rejects with it'])(
      'leaves no rejection unhandled in an engine that %s',
      async (manner) => {
        const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
        onTestFinished(() => warned.mockRestore())
        const chain = [guard(verifierFor(issuer)), requireScopes('orders:read'), middleware]
        expect(await statusOf(engine(chain, manner), mint())).toBe(500)
        await settle()
        expect(unhandled).toEqual([])
      },
    )
  })

  it('a later middleware that throws is a 500 in a middleware engine inside Fastify', async () => {
    const app = fastify()
    await app.register(middie)
    app.use(guard(verifierFor(issuer)))
    app.use(() => {
      throw new Error(BROKEN)
    })
    app.get('/orders', () => 'never')
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    const { port } = app.server.address() as { readonly port: number }
    const response = await fetch(`http://127.0.0.1:${port}/orders`, { headers: bearer(mint()) })
    expect(response.status).toBe(500)
    await response.text()
    await settle()
    expect(unhandled).toEqual([])
  })

  it('a later middleware of a Koa engine that throws rejects the promise of the first', async () => {
    const request = { method: 'GET', url: '/', headers: bearer(mint()), rawHeaders: [] }
    const context = { req: request, res: { destroyed: false }, originalUrl: '/', state: {} }
    const next = () => {
      throw new Error(BROKEN)
    }
    const outcome = async () => koaGuard(verifierFor(issuer))(context as unknown as KoaContext, next)
    await expect(outcome()).rejects.toThrow(BROKEN)
    await settle()
    expect(unhandled).toEqual([])
  })

  it.each(frameworks)(
    'a handler that throws is a 500 in $name, and leaves no rejection unhandled',
    async (framework) => {
      vi.spyOn(console, 'error').mockReturnValue(undefined)
      const app = await run(framework, {
        verifier: verifierFor(issuer),
        app: [guarded()],
        routes: [{ path: '/orders', handler: 'fails' }],
      })
      expect((await app.send({ path: '/orders', headers: bearer(mint()) })).status).toBe(500)
      await settle()
      expect(unhandled).toEqual([])
    },
  )
})

it('an error that the framework does not accept emits a process warning', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
  onTestFinished(() => warned.mockRestore())
  const chain: Middleware[] = [guard(verifierFor(issuer)), LATER[0]!.middleware]
  expect(await statusOf(engine(chain, 'throws it'), issuer.mintOpaque())).toBe(500)
  expect(warned).toHaveBeenCalledWith(
    expect.stringContaining('behind a guard'),
    expect.objectContaining({ code: 'M2M_GUARD_UNHANDLED_ERROR', detail: expect.stringContaining(BROKEN) }),
  )
})
