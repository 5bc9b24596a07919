import { guard, type KoaContext, type KoaMiddleware } from '../../adapters/koa.js'
import { ownVerifier, policy } from '../verifiers/own.js'
import { awaited, freshTexts, ONE_AFTER_ANOTHER, type Choice, type Provision } from './choice.js'

const PASSED = Promise.resolve(true)
const next = (): Promise<unknown> => PASSED

/** As it would be written where nobody counts promises. */
const asAsync =
  (given: KoaMiddleware): KoaMiddleware =>
  async (context, next) =>
    await given(context, next)

/** As much of a context as a guard that lets a request pass looks at. */
function contextOf(token: string): KoaContext {
  return {
    req: { method: 'GET', headers: { authorization: `Bearer ${token}` }, rawHeaders: [] },
    res: { destroyed: false },
    originalUrl: '/orders',
    state: {},
  } as unknown as KoaContext
}

async function make({ issuance, tokens }: Provision, form: (given: KoaMiddleware) => KoaMiddleware) {
  const middleware = form(guard(await ownVerifier(issuance), policy))
  for (const token of tokens) await middleware(contextOf(token), next)
  const text = freshTexts(tokens)
  // What `next` gives comes back only for a request that passed.
  return awaited(() => middleware(contextOf(text()), next))
}

/** The form of the middleware in Koa, where everything may be awaited. */
export const koaMiddleware: Choice = {
  id: 'koa',
  title: 'The middleware in Koa, with a known token',
  digits: 2,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    {
      name: 'a function that gives on what `next()` gives',
      make: (provision) => make(provision, (given) => given),
    },
    { name: 'an `async` function', make: (provision) => make(provision, asAsync) },
  ],
}
