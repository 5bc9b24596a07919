import { describe, expect, it } from 'vitest'
import { runBlock, type Run } from '../docs/programs/run.js'
import { accepted, recipeOf } from './support.js'

const PAGE = 'docs/guide/cors-and-proxies.md'
const ORIGIN = 'https://console.example.com'

interface Recipe {
  readonly title: string
  /** Turns the order around, where the order of two statements decides. */
  readonly guardFirst?: Readonly<Record<string, string>>
}

const RECIPES: readonly Recipe[] = [
  {
    title: 'Express with `cors`',
    guardFirst: { 'app.use(cors(': 'app.use(guard(verifier))\napp.use(cors(' },
  },
  {
    title: 'Koa with `@koa/cors`',
    guardFirst: { 'app.use(cors(': 'app.use(guard(verifier))\napp.use(cors(' },
  },
  {
    title: 'Fastify with `@fastify/cors`',
    guardFirst: {
      'await app.register(m2mGuard, { verifier })\n': '',
      'await app.register(cors,': 'await app.register(m2mGuard, { verifier })\nawait app.register(cors,',
    },
  },
  { title: 'Hono with `hono/cors`' },
]

/** Response headers that a script may always read (Fetch standard, CORS-safelisted response-header name). */
const SAFELISTED = new Set([
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
])

const NETWORK_ERROR = 'network error'

interface Seen {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What a script of a page with this origin gets to see of a request with `Authorization`, as browsers decide it. */
async function fetchAsScript(url: string, authorization?: string, origin = ORIGIN): Promise<Seen | string> {
  if (authorization !== undefined) {
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    })
    const allowed = listIn(preflight.headers, 'access-control-allow-headers')
    if (!preflight.ok || !isShared(preflight.headers, origin) || !allowed.includes('authorization'))
      return NETWORK_ERROR
  }
  const headers = { origin, ...(authorization === undefined ? {} : { authorization }) }
  const response = await fetch(url, { headers })
  if (!isShared(response.headers, origin)) return NETWORK_ERROR
  const exposed = listIn(response.headers, 'access-control-expose-headers')
  const readable = [...response.headers].filter(([name]) => SAFELISTED.has(name) || exposed.includes(name))
  return { status: response.status, headers: Object.fromEntries(readable), body: await response.json() }
}

function isShared(headers: Headers, origin: string): boolean {
  return ['*', origin].includes(headers.get('access-control-allow-origin') ?? '')
}

function listIn(headers: Headers, name: string): readonly string[] {
  return (headers.get(name) ?? '').split(',').map((value) => value.trim().toLowerCase())
}

describe.each(RECIPES)('the CORS recipe for $title', ({ title, guardFirst }) => {
  const block = recipeOf(title, PAGE)
  const start = async (): Promise<Run & { readonly orders: string }> => {
    const run = await runBlock(block)
    return { ...run, orders: `${run.urls[0]!}/orders` }
  }

  it('lets a script call with a valid token', async () => {
    const { issuer, orders } = await start()
    expect(await fetchAsScript(orders, accepted(issuer))).toMatchObject({
      status: 200,
      body: { orders: [], client: 'billing' },
    })
  })

  it('responds to a preflight without calling the issuer, and only a preflight', async () => {
    const { issuer, orders } = await start()
    const response = await fetch(orders, {
      method: 'OPTIONS',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    })
    expect(response.status).toBe(204)
    expect(await response.text()).toBe('')
    expect(Object.values(issuer.calls).reduce((sum: number, count: number) => sum + count, 0)).toBe(0)
    for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
      const other = await fetch(orders, { method, headers: { origin: ORIGIN } })
      expect([method, other.status >= 401]).toEqual([method, true])
    }
    expect((await fetch(orders, { headers: { origin: ORIGIN } })).status).toBe(401)
  })

  it('lets a script read why it was refused', async () => {
    const { issuer, orders } = await start()
    expect(await fetchAsScript(orders)).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="api"' },
      body: { error: 'unauthorized' },
    })
    expect(await fetchAsScript(orders, 'Bearer unknown')).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('error="invalid_token"') as string },
    })
    expect(await fetchAsScript(orders, `Bearer ${issuer.mintOpaque()}`)).toMatchObject({
      status: 403,
      headers: { 'www-authenticate': expect.stringContaining('scope="orders:read"') as string },
    })
  })

  it('lets a script read when to try again', async () => {
    const { issuer, orders } = await start()
    issuer.fail('introspection', 503)
    expect(await fetchAsScript(orders, accepted(issuer))).toMatchObject({
      status: 503,
      headers: { 'retry-after': expect.stringMatching(/^\d+$/) as string },
    })
  })

  it('shows a script of another origin nothing', async () => {
    const { issuer, orders } = await start()
    expect(await fetchAsScript(orders, accepted(issuer), 'https://other.example')).toBe(NETWORK_ERROR)
  })

  it('leaves the health check open', async () => {
    const { urls } = await start()
    expect((await fetch(`${urls[0]!}/health`)).status).toBe(200)
  })

  if (guardFirst === undefined) return
  it('in the other order, the guard refuses the preflight, and a script gets a network error', async () => {
    const { issuer, urls } = await runBlock(block, undefined, guardFirst)
    const orders = `${urls[0]!}/orders`
    const preflight = await fetch(orders, {
      method: 'OPTIONS',
      headers: { origin: ORIGIN, 'access-control-request-method': 'GET' },
    })
    expect(preflight.status).toBe(401)
    expect(await fetchAsScript(orders, accepted(issuer))).toBe(NETWORK_ERROR)
    expect(await fetchAsScript(orders)).toBe(NETWORK_ERROR)
  })
})
