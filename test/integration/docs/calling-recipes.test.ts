import { runInThisContext } from 'node:vm'
import {
  makeClientConstructor,
  Server,
  ServerCredentials,
  status,
  type ChannelCredentials,
  type handleUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js'
import type { TestIssuer } from 'm2m-guard/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createVerifier, oauth, type Verifier } from '../../../src/index.js'
import { tokenSource } from '../../../src/client/index.js'
import { selfSigned, type SelfSigned } from '../../support/servers/certificate.js'
import { serve } from '../../support/servers/servers.js'
import { ORDERS_SERVICE } from './programs/create-preamble.js'
import { runBlock } from './programs/run.js'
import { blocksOf, codeIn, readPaper, rowsOf, sectionOf } from './programs/support.js'

const PAGE = 'docs/guide/calling-recipes.md'
const blocks = blocksOf(PAGE).filter(({ language }) => language === 'ts')

/** Runs the recipe with this string against an issuer that knows its client, and an API with a guard that refuses the first requests. */
async function running(
  mark: string,
  { refusing = 0 } = {},
): Promise<{
  readonly exports: Readonly<Record<string, unknown>>
  readonly url: string
  readonly issuer: TestIssuer
}> {
  const block = blocks.find(({ text }) => text.includes(mark))!
  const api: { verifier?: Verifier } = {}
  let requests = 0
  const url = await serve((request, response) => {
    void api.verifier!.authorize(request).then((decision) => {
      const isAccepted = decision.outcome === 'accepted' && ++requests > refusing
      const body = isAccepted ? { client: decision.token.clientId } : {}
      response.writeHead(isAccepted ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    })
  })
  const { exports, issuer } = await runBlock(block, undefined, {
    "allowedOrigins: 'https://orders.internal'": `allowedOrigins: '${url}'`,
  })
  issuer.addClient({ clientId: 'value-of-CLIENT_ID', clientSecret: 'value-of-CLIENT_SECRET' })
  const verifier = (api.verifier = createVerifier({ issuers: [oauth(issuer.oauth())] }))
  onTestFinished(() => verifier.close())
  return { exports, url, issuer }
}

const ACCEPTED = { client: 'value-of-CLIENT_ID' }

/** Runs the recipe of gRPC, and a service over TLS that accepts what its guard accepts. */
async function guardedGrpc({ cert, key }: SelfSigned) {
  const block = blocks.find(({ text }) => text.includes("from '@grpc/grpc-js'"))!
  const { exports, issuer } = await runBlock(block, undefined, {
    'credentials.createSsl()': `credentials.createSsl(Buffer.from(${JSON.stringify(cert)}))`,
  })
  const verifier = createVerifier({ issuers: [oauth(issuer.oauth())] })
  onTestFinished(() => verifier.close())
  const server = new Server()
  onTestFinished(() => server.forceShutdown())
  const handle: handleUnaryCall<object, object> = ({ metadata }, done) => {
    const [authorization] = metadata.get('authorization').map(String)
    void verifier.authorize({ headers: { authorization } }).then((decision) => {
      if (decision.outcome === 'accepted') done(null, { orders: [], client: decision.token.clientId })
      else done({ code: status.UNAUTHENTICATED })
    })
  }
  server.addService(ORDERS_SERVICE, { listOrders: handle })
  const tls = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) },
  ])
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', tls, (error, bound) => (error === null ? resolve(bound) : reject(error)))
  })
  return { exports, issuer, port }
}

describe('a recipe of the calling side calls a guarded API', () => {
  it.each([
    ['axios', "from 'axios'"],
    ['got', "from 'got'"],
    ['ky', "from 'ky'"],
    ['openapi-fetch', "from 'openapi-fetch'"],
  ])('%s, and once more with a new token after a 401', async (_, mark) => {
    const { exports, url, issuer } = await running(mark, { refusing: 1 })
    const listOrders = exports['listOrders'] as (url: string) => Promise<unknown>
    expect(await listOrders(url)).toEqual(ACCEPTED)
    expect(issuer.calls.token).toBe(2)
    expect(await listOrders(url)).toEqual(ACCEPTED)
    expect(issuer.calls.token).toBe(2)
  })

  it('undici, and with a new token after a 401', async () => {
    const { exports, url, issuer } = await running("from 'undici'", { refusing: 1 })
    const listOrders = exports['listOrders'] as (url: string) => Promise<unknown>
    expect(await listOrders(url)).toEqual({})
    expect(await listOrders(url)).toEqual(ACCEPTED)
    expect(issuer.calls.token).toBe(2)
    expect(await listOrders(url)).toEqual(ACCEPTED)
    expect(issuer.calls.token).toBe(2)
  })

  it('AWS Lambda', async () => {
    const { exports, url, issuer } = await running("renewal: 'blocking'")
    const handler = exports['handler'] as (event: { readonly url: string }) => Promise<unknown>
    expect([await handler({ url }), await handler({ url })]).toEqual([ACCEPTED, ACCEPTED])
    expect(issuer.calls.token).toBe(1)
  })

  it('AWS Lambda, and with a new token after a 401', async () => {
    const { exports, url, issuer } = await running("renewal: 'blocking'", { refusing: 1 })
    const handler = exports['handler'] as (event: { readonly url: string }) => Promise<unknown>
    expect([await handler({ url }), await handler({ url })]).toEqual([{}, ACCEPTED])
    expect(issuer.calls.token).toBe(2)
  })

  it('gRPC, over TLS', async () => {
    const { cert, key } = selfSigned('localhost', new Date(0), new Date(2e12))
    const { exports, port, issuer } = await guardedGrpc({ cert, key })
    issuer.addClient({ clientId: 'value-of-CLIENT_ID', clientSecret: 'value-of-CLIENT_SECRET' })
    const Client = makeClientConstructor(ORDERS_SERVICE, 'Orders')
    const client = new Client(`localhost:${port}`, exports['channel'] as ChannelCredentials)
    onTestFinished(() => client.close())
    const listOrders = client['listOrders']!.bind(client) as (
      message: object,
      done: (error: ServiceError | null, response: object) => void,
    ) => void
    for (let calls = 0; calls < 2; calls += 1) {
      const response = await new Promise((resolve) => {
        listOrders({}, (error, message) => resolve(error ?? message))
      })
      expect(response).toMatchObject(ACCEPTED)
    }
    expect(issuer.calls.token).toBe(1)
  })
})

describe('what each issuer requires', () => {
  const rows = rowsOf(sectionOf(readPaper(PAGE), 'What each issuer requires'), 'issuer')

  it.each(rows.map((row) => [row['issuer']!, row] as const))(
    '%s: the token request is as the page says',
    async (_, row) => {
      const options = runInThisContext(`({ ${codeIn(row['options of `tokenSource`'])} })`) as {
        readonly issuer: string
      }
      const forms: URLSearchParams[] = []
      const source = tokenSource({
        ...options,
        clientId: 'billing',
        clientSecret: 'secret',
        fetch: (input, init) => {
          const { origin, pathname } = new URL(input)
          if (pathname.includes('/.well-known/'))
            return Promise.resolve(
              Response.json({ issuer: options.issuer, token_endpoint: `${origin}/token` }),
            )
          forms.push(new URLSearchParams(init?.body as string))
          return Promise.resolve(Response.json({ access_token: 'a', token_type: 'Bearer', expires_in: 60 }))
        },
      })
      onTestFinished(() => source.close())
      expect(await source.getToken()).toBe('a')
      for (const name of ['grant_type', 'client_id', 'client_secret']) forms[0]!.delete(name)
      expect([...forms[0]!].map(([name, value]) => `${name}=${value}`)).toEqual([
        codeIn(row['token request']),
      ])
    },
  )
})
