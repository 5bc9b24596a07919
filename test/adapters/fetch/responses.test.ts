import { createServer, type Server } from 'node:http'
import * as current from '@hono/node-server'
import * as server113 from 'hono-node-server-1.13'
import * as server119 from 'hono-node-server-1.19'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { guard, protect, type FetchOnRefusal } from '../../../adapters/fetch.js'
import type { Refusal } from '../../../src/index.js'
import type { TestIssuer } from '../../../src/testing/index.js'
import { close, listen } from '../frameworks/server.js'
import { bearer, createIssuer, verifierFor } from '../support.js'

const REPLACED = ['Request', 'Response'] as const
const natives = REPLACED.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const)
const NativeResponse = globalThis.Response

/** A class created before the global was replaced, such as `NextResponse`. */
class EarlierResponse extends NativeResponse {}

/** A response of a framework that was loaded before another library replaced the global. */
class Replacement extends NativeResponse {
  // Shares only Node's prototype.
  readonly isReplacement = true
}

afterEach(() => {
  for (const [name, descriptor] of natives) Object.defineProperty(globalThis, name, descriptor)
})

let issuer: TestIssuer
let elsewhere: Server
let url: string
beforeAll(async () => {
  issuer = await createIssuer()
  elsewhere = createServer((_request, response) => {
    response.writeHead(418, { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] }).end('fetched')
  })
  url = `http://127.0.0.1:${await listen(elsewhere)}/`
})
afterAll(async () => {
  await close(elsewhere)
  await issuer.close()
})

interface Custom {
  readonly made: string
  readonly onRefusal: (refusal: Refusal) => unknown
  /** Expected status; `refusal` for the guard's response. */
  readonly status: number | 'refusal'
  readonly body?: string
}

/** Responses that are not instances of a replaced global. */
const FOREIGN: readonly Custom[] = [
  {
    made: 'Response.json()',
    onRefusal: ({ status }) => NativeResponse.json({ own: true }, { status }),
    status: 401,
    body: '{"own":true}',
  },
  {
    made: 'Response.redirect()',
    onRefusal: () => NativeResponse.redirect('http://a.internal/', 307),
    status: 307,
  },
  { made: 'Response.error()', onRefusal: () => NativeResponse.error(), status: 'refusal' },
  {
    made: 'clone()',
    onRefusal: () => new NativeResponse('own', { status: 418 }).clone(),
    status: 418,
    body: 'own',
  },
  { made: 'await fetch()', onRefusal: () => fetch(url), status: 418, body: 'fetched' },
  {
    made: 'a subclass of the earlier class',
    onRefusal: () => new EarlierResponse('own', { status: 418 }),
    status: 418,
    body: 'own',
  },
  {
    made: 'a status without a body',
    onRefusal: () => new NativeResponse(null, { status: 304 }),
    status: 304,
    body: '',
  },
  {
    made: 'a null body status with a body',
    onRefusal: () => withMembers({ status: 204, body: new NativeResponse('own').body }),
    status: 204,
    body: '',
  },
  { made: 'the status 101', onRefusal: () => withMembers({ status: 101 }), status: 'refusal' },
  { made: 'a status above 599', onRefusal: () => withMembers({ status: 600 }), status: 'refusal' },
  {
    made: 'a status that is not an integer',
    onRefusal: () => withMembers({ status: 401.5 }),
    status: 'refusal',
  },
  {
    made: 'a body that was read',
    onRefusal: async () => {
      const response = new NativeResponse('own', { status: 418 })
      await response.text()
      return response
    },
    status: 'refusal',
  },
  {
    made: 'a body that is being read',
    onRefusal: () => {
      const response = new NativeResponse('own', { status: 418 })
      response.body?.getReader()
      return response
    },
    status: 'refusal',
  },
  {
    made: 'a body that is a stream',
    onRefusal: () =>
      new NativeResponse(
        new ReadableStream({
          start(controller) {
            for (const part of ['own ', 'stream']) controller.enqueue(new TextEncoder().encode(part))
            controller.close()
          },
        }),
        { status: 418 },
      ),
    status: 418,
    body: 'own stream',
  },
]

/** Values that a function in JavaScript may return. */
const NO_RESPONSES: readonly Custom[] = [
  { made: 'the refusal', onRefusal: (refusal) => refusal, status: 'refusal' },
  {
    made: 'status and headers',
    onRefusal: ({ status, headers }) => ({ status, headers }),
    status: 'refusal',
  },
  {
    made: 'status, real headers and a body',
    onRefusal: ({ status, headers }) => ({ status, headers: new Headers(headers), body: null, ok: false }),
    status: 'refusal',
  },
  { made: 'a promise of the refusal', onRefusal: (refusal) => Promise.resolve(refusal), status: 'refusal' },
  { made: 'nothing', onRefusal: () => undefined, status: 'refusal' },
  { made: 'null', onRefusal: () => null, status: 'refusal' },
  { made: 'a string', onRefusal: () => 'no', status: 'refusal' },
  { made: 'a function', onRefusal: () => () => new Response('no'), status: 'refusal' },
  {
    made: 'an object whose properties throw',
    onRefusal: () => ({
      get status(): number {
        throw new Error('no status')
      },
    }),
    status: 'refusal',
  },
]

/** A response of another implementation. */
function withMembers(members: Readonly<Record<string, unknown>>): unknown {
  const response = new NativeResponse(null)
  return {
    status: 200,
    statusText: '',
    headers: response.headers,
    body: null,
    bodyUsed: false,
    arrayBuffer: () => response.arrayBuffer(),
    clone: () => response.clone(),
    ...members,
  }
}

const servers = [
  { name: '@hono/node-server 1.13', createServer: server113.createAdaptorServer },
  { name: '@hono/node-server 1.19', createServer: server119.createAdaptorServer },
  { name: '@hono/node-server 2', createServer: current.createAdaptorServer },
]

/** Guards a handler like an application in JavaScript. */
function application(
  onRefusal: FetchOnRefusal,
  form: 'guard' | 'protect',
): (request: Request) => Promise<Response> {
  const handler = () => new Response('secret')
  const verifier = verifierFor(issuer)
  if (form === 'protect') return protect(verifier, undefined, handler, { onRefusal })
  const authorize = guard(verifier, undefined, { onRefusal })
  return async (request) => {
    const token = await authorize(request)
    return token instanceof Response ? token : handler()
  }
}

describe.each(servers)('on $name', ({ createServer: create }) => {
  describe.each(['guard', 'protect'] as const)('with %s()', (form) => {
    it.each([...FOREIGN, ...NO_RESPONSES])(
      'a request without a token never reaches the handler when onRefusal returns $made',
      async ({ onRefusal, status, body }) => {
        // Created first, because it replaces the globals.
        const app: { answer?: (request: Request) => Promise<Response> } = {}
        const server = create({ fetch: (request: Request) => app.answer!(request) }) as Server
        onTestFinished(() => close(server))
        app.answer = application(onRefusal as FetchOnRefusal, form)
        const port = await listen(server)
        const response = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' })
        const text = await response.text()
        expect(text).not.toContain('secret')
        // If the global is not replaced, Response.error() is returned unchanged, and no server can send it.
        if (status === 'refusal' && response.status !== 500) {
          expect(response.status).toBe(401)
          expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
          expect(JSON.parse(text)).toMatchObject({ error: 'unauthorized' })
        } else if (status !== 'refusal') {
          expect(response.status).toBe(status)
          if (body !== undefined) expect(text).toBe(body)
        }
      },
    )

    it('a request with a token reaches the handler', async () => {
      const app: { answer?: (request: Request) => Promise<Response> } = {}
      const server = create({ fetch: (request: Request) => app.answer!(request) }) as Server
      onTestFinished(() => close(server))
      app.answer = application(() => Response.json({}), form)
      const port = await listen(server)
      const response = await fetch(`http://127.0.0.1:${port}/`, { headers: bearer(issuer.mintJwt()) })
      expect([response.status, await response.text()]).toEqual([200, 'secret'])
    })
  })
})

describe('if the global Response was replaced', () => {
  const refused = async (onRefusal: (refusal: Refusal) => unknown): Promise<unknown> => {
    Object.defineProperty(globalThis, 'Response', { value: Replacement })
    return guard(
      verifierFor(issuer),
      {},
      { onRefusal: onRefusal as FetchOnRefusal },
    )(new Request('http://a.internal/'))
  }

  it.each([...FOREIGN, ...NO_RESPONSES])(
    'a refusal is an instance of it when onRefusal returns $made',
    async ({ onRefusal, status, body }) => {
      const response = (await refused(onRefusal)) as Response
      expect(response).toBeInstanceOf(Replacement)
      expect(response.status).toBe(status === 'refusal' ? 401 : status)
      if (body !== undefined) expect(await response.text()).toBe(body)
    },
  )

  it('a refusal without onRefusal is an instance of it', async () => {
    Object.defineProperty(globalThis, 'Response', { value: Replacement })
    const response = await guard(verifierFor(issuer))(new Request('http://a.internal/'))
    expect(response).toBeInstanceOf(Replacement)
  })

  it('an instance of it is returned unchanged', async () => {
    let own: unknown
    expect(await refused(() => (own = new Replacement('own')))).toBe(own)
  })

  it('statusText, headers and every cookie are copied', async () => {
    const response = (await refused(() => {
      const made = new NativeResponse('own', { status: 401, statusText: 'No', headers: { 'x-own': '1' } })
      made.headers.append('set-cookie', 'a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT')
      made.headers.append('set-cookie', 'b=2')
      return made
    })) as Response
    expect(response.statusText).toBe('No')
    expect(response.headers.get('x-own')).toBe('1')
    expect(response.headers.getSetCookie()).toEqual(['a=1; Expires=Thu, 01 Jan 2032 00:00:00 GMT', 'b=2'])
  })

  it('a class whose objects are not its instances is an error, and no request passes', async () => {
    class Evasive extends NativeResponse {
      static override [Symbol.hasInstance](): boolean {
        return false
      }
    }
    Object.defineProperty(globalThis, 'Response', { value: Evasive })
    await expect(guard(verifierFor(issuer))(new Request('http://a.internal/'))).rejects.toThrow(TypeError)
  })
})

describe('if the global Response was not replaced', () => {
  it.each([new EarlierResponse('own'), NativeResponse.json({}), NativeResponse.error()])(
    'the response of onRefusal is returned unchanged',
    async (own) => {
      const authorize = guard(verifierFor(issuer), {}, { onRefusal: () => own })
      expect(await authorize(new Request('http://a.internal/'))).toBe(own)
    },
  )

  it.each(NO_RESPONSES)('a refusal is a Response when onRefusal returns $made', async ({ onRefusal }) => {
    const authorize = guard(verifierFor(issuer), {}, { onRefusal: onRefusal as FetchOnRefusal })
    const response = await authorize(new Request('http://a.internal/'))
    expect(response).toBeInstanceOf(Response)
    expect((response as Response).status).toBe(401)
  })

  it('a token is not a Response', async () => {
    const request = new Request('http://a.internal/', { headers: bearer(issuer.mintJwt()) })
    expect(await guard(verifierFor(issuer))(request)).not.toBeInstanceOf(Response)
  })
})
