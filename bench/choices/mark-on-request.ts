import { atOnce, ONE_AFTER_ANOTHER, type Choice, type Way } from './choice.js'

const REPEATS = 100
const MARK = Symbol('mark')

/** A request of about as many members as a server's has; nobody has marked it yet. */
class Request {
  readonly method = 'GET'
  readonly url = '/orders'
  readonly httpVersion = '1.1'
  readonly headers = {}
  readonly rawHeaders = []
  readonly socket = null
  readonly complete = false;
  [MARK]?: object
}

// Known from elsewhere, so that the compiler does not do without them.
const underWay = new Array<Request>(REPEATS)

/** Does something with one new request after another. They die young, as requests do, but not before they were there. */
function withRequests(name: string, visit: (request: Request, mark: object) => unknown): Way {
  return {
    name,
    make: () =>
      atOnce(() => {
        let last: unknown
        for (let count = 0; count < REPEATS; count += 1) {
          const request = new Request()
          underWay[count] = request
          last = visit(request, {})
        }
        return last
      }),
  }
}

const marks = new WeakMap<Request, object>()

/** Where a guard leaves what it found out, for the guards and demands further in. */
export const markOnRequest: Choice = {
  id: 'mark',
  title: 'What a guard leaves on a request: written once, read once',
  digits: 3,
  repeats: REPEATS,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    withRequests('a member under a symbol', (request, mark) => {
      request[MARK] = mark
      return request[MARK]
    }),
    withRequests('a `WeakMap`', (request, mark) => {
      marks.set(request, mark)
      return marks.get(request)
    }),
    withRequests('neither: the request that all begin with', (request) => request),
  ],
}
