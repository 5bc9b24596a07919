import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import express from 'express'
import { atOnce, ONE_AFTER_ANOTHER, type Choice, type Way } from './choice.js'

const REPEATS = 100
const MARK = Symbol('mark')

type Marked = object & { [MARK]?: object }

/** A request of about as many members as a server's has; nobody has marked it yet. */
class Request {
  readonly method = 'GET'
  readonly url = '/orders'
  readonly httpVersion = '1.1'
  readonly headers = {}
  readonly rawHeaders = []
  readonly socket = null
  readonly complete = false
}

const prototype = express().request
// As much of a connection as a request looks at when it is made.
const socket = { readableHighWaterMark: 16_384 } as unknown as Socket

/** As Express makes one of its own of each request: by another prototype. */
function expressRequest(): IncomingMessage {
  return Object.setPrototypeOf(new IncomingMessage(socket), prototype) as IncomingMessage
}

function onLines(request: object, mark: object): unknown {
  const lines: Marked = (request as IncomingMessage).rawHeaders
  lines[MARK] = mark
  return lines[MARK]
}

// Known from elsewhere, so that the compiler does not do without them.
const underWay = new Array<object>(REPEATS)

/** Does something with one new request after another. They die young, as requests do, but not before they were there. */
function withRequests(
  name: string,
  make: () => object,
  visit: (request: Marked, mark: object) => unknown,
): Way {
  return {
    name,
    make: () =>
      atOnce(() => {
        let last: unknown
        for (let count = 0; count < REPEATS; count += 1) {
          const request = make()
          underWay[count] = request
          last = visit(request, {})
        }
        return last
      }),
  }
}

const marks = new WeakMap<object, object>()

function onMember(request: Marked, mark: object): unknown {
  request[MARK] = mark
  return request[MARK]
}

function inMap(request: object, mark: object): unknown {
  marks.set(request, mark)
  return marks.get(request)
}

/** Where a guard leaves what it found out, for the guards and demands further in. */
export const markOnRequest: Choice = {
  id: 'mark',
  title: 'What a guard leaves on a request: written once, read once',
  digits: 3,
  repeats: REPEATS,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    withRequests('a member under a symbol', () => new Request(), onMember),
    withRequests('a `WeakMap`', () => new Request(), inMap),
    withRequests(
      'neither: the request that all begin with',
      () => new Request(),
      (request) => request,
    ),
  ],
}

/** The same for requests that have been given another prototype, each by itself. */
export const markOnExpressRequest: Choice = {
  ...markOnRequest,
  id: 'mark-express',
  title: 'What a guard leaves on a request of Express: written once, read once',
  ways: [
    withRequests('a member under a symbol, of its list of header lines', expressRequest, onLines),
    withRequests('a member under a symbol', expressRequest, onMember),
    withRequests('a `WeakMap`', expressRequest, inMap),
    withRequests('neither: the request that all begin with', expressRequest, (request) => request),
  ],
}
