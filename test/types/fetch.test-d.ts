import { Hono, type Context } from 'hono'
import { describe, expectTypeOf, it } from 'vitest'
import { accessToken, guard, protect, type FetchGuardOptions } from '../../adapters/fetch.js'
import type { AccessToken, Verifier } from '../../src/index.js'

declare const verifier: Verifier
declare const request: Request
declare const undecided: FetchGuardOptions

describe('the fetch adapter', () => {
  it('gives a token or the response that refuses', () => {
    type Outcome = Promise<AccessToken | Response>
    expectTypeOf(guard(verifier)(request)).toEqualTypeOf<Outcome>()
    expectTypeOf(guard(verifier, { scopes: 'a' })(request)).toEqualTypeOf<Outcome>()
    expectTypeOf(guard(verifier, undefined, { realm: 'orders' })(request)).toEqualTypeOf<Outcome>()
    expectTypeOf(guard(verifier, {}, { mode: 'enforce' })(request)).toEqualTypeOf<Outcome>()
  })

  it('gives a token or nothing where it only reports: no response to forget', () => {
    expectTypeOf(guard(verifier, {}, { mode: 'report' })(request)).toEqualTypeOf<
      Promise<AccessToken | undefined>
    >()
  })

  it('leaves a token after the response is out of the way', async () => {
    const token = await guard(verifier)(request)
    if (token instanceof Response) return
    expectTypeOf(token).toEqualTypeOf<AccessToken>()
  })

  it('protects a handler, which gets a token and the further arguments', () => {
    const handle = protect(verifier, { scopes: 'a' }, (request, token, id: string, context?: object) => {
      expectTypeOf(request).toEqualTypeOf<Request>()
      expectTypeOf(token).toEqualTypeOf<AccessToken>()
      return Response.json({ id, context })
    })
    expectTypeOf(handle).toEqualTypeOf<
      (request: Request, ...rest: [id: string, context?: object]) => Promise<Response>
    >()
    expectTypeOf(protect(verifier, undefined, () => new Response())).toEqualTypeOf<
      (request: Request) => Promise<Response>
    >()
    interface NextRequest extends Request {
      readonly nextUrl: URL
    }
    const next = protect(verifier, undefined, ({ nextUrl }: NextRequest) => Response.json(nextUrl))
    expectTypeOf(next).toEqualTypeOf<(request: NextRequest) => Promise<Response>>()
    // @ts-expect-error -- a handler is due
    protect(verifier, {})
    // @ts-expect-error -- a response is due
    protect(verifier, {}, () => 'no response')
  })

  it('gives a protected handler a token or nothing where it only reports', () => {
    protect(
      verifier,
      {},
      (_request, token) => {
        expectTypeOf(token).toEqualTypeOf<AccessToken | undefined>()
        return new Response()
      },
      { mode: 'report' },
    )
    protect(verifier, {}, (_request, token) => new Response(token?.subject), undecided)
  })

  it('protects a handler of Hono', () => {
    const handle = protect(verifier, {}, (_request, token, context: Context) => context.json(token.subject))
    new Hono().get('/orders', (context) => handle(context.req.raw, context))
  })

  it('gives the token typed', () => {
    expectTypeOf(accessToken(request)).toEqualTypeOf<AccessToken>()
  })

  it('takes the request of Hono', () => {
    new Hono().get('/orders', async (context) => {
      const token = await guard(verifier)(context.req.raw)
      return token instanceof Response ? token : context.text(token.subject)
    })
  })

  it('knows its options', () => {
    guard(verifier, {}, { onRefusal: (refusal) => Response.json({ reason: refusal.reason }) })
    // @ts-expect-error -- a response is due
    guard(verifier, {}, { onRefusal: () => undefined })
    // @ts-expect-error -- no such option
    guard(verifier, {}, { relm: 'orders' })
    // @ts-expect-error -- no such mode
    guard(verifier, {}, { mode: 'audit' })
    // Where the mode is decided at run time, either result must be expected.
    expectTypeOf(guard(verifier, {}, undecided)).returns.resolves.toEqualTypeOf<
      AccessToken | Response | undefined
    >()
  })
})

describe('an optional guard of fetch', () => {
  it('has no token for some requests', () => {
    const authorize = guard(verifier, {}, { optional: true })
    void authorize(request)
    expectTypeOf<Awaited<ReturnType<typeof authorize>>>().toEqualTypeOf<AccessToken | Response | undefined>()
    protect(
      verifier,
      {},
      (_request, token) => {
        expectTypeOf(token).toEqualTypeOf<AccessToken | undefined>()
        return new Response()
      },
      { optional: true },
    )
    // @ts-expect-error -- a fetch request has no property to set
    guard(verifier, {}, { property: 'machine' })
  })
})
