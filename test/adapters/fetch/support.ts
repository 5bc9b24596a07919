import { createServer } from 'node:http'
import type { Refusal } from '../../../src/index.js'
import { close, listen } from '../frameworks/server.js'

export const NativeResponse = globalThis.Response

/** A class created before the global was replaced, such as `NextResponse`. */
export class EarlierResponse extends NativeResponse {}

export interface Elsewhere {
  readonly url: string
  readonly close: () => Promise<void>
}

/** A server for responses of `fetch`. */
export async function startElsewhere(): Promise<Elsewhere> {
  const server = createServer((_request, response) => {
    response.writeHead(418, { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] }).end('fetched')
  })
  return { url: `http://127.0.0.1:${await listen(server)}/`, close: () => close(server) }
}

interface Custom {
  readonly made: string
  readonly onRefusal: (refusal: Refusal) => unknown
  /** Expected status; `refusal` for the guard's response. */
  readonly status: number | 'refusal'
  readonly body?: string
}

/** Responses that are not instances of a replaced global. */
export const foreignResponses = (elsewhere: () => Elsewhere): readonly Custom[] => [
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
  { made: 'await fetch()', onRefusal: () => fetch(elsewhere().url), status: 418, body: 'fetched' },
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
export const NO_RESPONSES: readonly Custom[] = [
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
