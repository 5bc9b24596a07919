import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import {
  clerkTokenSource,
  tokenSource,
  TokenSourceError,
  type ClerkTokenSourceOptions,
  type TokenSource,
  type TokenSourceOptions,
} from '../../src/client/index.js'
import { createTestIssuer, type TestIssuer } from '../../src/testing/index.js'
import { START } from '../support/clock.js'

/** A request to an issuer, as it went out. */
interface SentRequest {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
  readonly form: URLSearchParams
}

/** A test issuer, and sources of its tokens that live by one clock. */
export interface ClientStage {
  readonly issuer: TestIssuer
  readonly clock: () => number
  readonly pass: (seconds: number) => void
  /** What the sources have sent through their own fetch, tokens' requests and others. */
  readonly sent: readonly SentRequest[]
  /** A source of the test issuer's tokens; what is given is added, `undefined` takes an option out. */
  readonly source: (extra?: Extra<TokenSourceOptions>) => TokenSource
  readonly stytchSource: (extra?: Extra<TokenSourceOptions>) => TokenSource
  readonly clerkSource: (extra?: Extra<ClerkTokenSourceOptions>) => TokenSource
}

type Extra<T> = { readonly [K in keyof T]?: T[K] | undefined }

export async function clientStage(): Promise<ClientStage> {
  let milliseconds = START
  const clock = (): number => milliseconds
  const issuer = await createTestIssuer({ clock })
  onTestFinished(() => issuer.close())
  const sent: SentRequest[] = []
  const recording: typeof fetch = (input, init) => {
    const body = typeof init?.body === 'string' ? init.body : ''
    const method = init?.method ?? 'GET'
    const headers = new Headers(init?.headers)
    sent.push({
      url: input instanceof Request ? input.url : String(input),
      method,
      headers,
      body,
      form: new URLSearchParams(body),
    })
    return fetch(input, init)
  }
  const common = { clock, fetch: recording }
  const made = (source: TokenSource): TokenSource => {
    onTestFinished(() => source.close())
    return source
  }
  const { clientId, clientSecret } = issuer.client
  return {
    issuer,
    clock,
    pass(seconds) {
      milliseconds += Math.round(seconds * 1000)
    },
    sent,
    source: (extra = {}) =>
      made(
        tokenSource(
          merge<TokenSourceOptions>(
            { tokenEndpoint: `${issuer.url}/token`, clientId, clientSecret, ...common },
            extra,
          ),
        ),
      ),
    stytchSource: (extra = {}) => {
      const { projectId, client } = issuer.stytchProject
      const stytch = { projectId, apiUrl: issuer.endpoints.stytch }
      const usual = { stytch, clientId: client.clientId, clientSecret: client.clientSecret, ...common }
      return made(tokenSource(merge<TokenSourceOptions>(usual, extra)))
    },
    clerkSource: (extra = {}) => {
      const machineSecretKey = issuer.clerkMachines.sender.secretKey
      const usual = { machineSecretKey, apiUrl: issuer.endpoints.clerk, ...common }
      return made(clerkTokenSource(merge<ClerkTokenSourceOptions>(usual, extra)))
    },
  }
}

function merge<T extends object>(usual: T, extra: Extra<T>): T {
  const merged = Object.entries({ ...usual, ...extra }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(merged) as T
}

/** The error a promise is rejected with; fails the test if it is fulfilled, or rejected with another kind. */
export async function failureOf(promise: Promise<unknown>): Promise<TokenSourceError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof TokenSourceError) return error
  throw new Error('expected a TokenSourceError', { cause: error })
}

/** A server on loopback, gone when the test is. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A request that a server got. */
export interface GotRequest {
  readonly line: string
  readonly authorization: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** How a server answers; `got` are its requests so far, this one included. */
export type Answering = (
  request: GotRequest,
  count: number,
) => { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

/** An API that remembers what it was asked. */
export async function api(
  answering: Answering = () => ({ status: 200 }),
): Promise<{ readonly url: string; readonly got: readonly GotRequest[] }> {
  const got: GotRequest[] = []
  const url = await serve((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { headers, method = '', url: path = '' } = request
      const body = Buffer.concat(chunks).toString()
      const seen = { line: `${method} ${path}`, authorization: headers.authorization, headers, body }
      got.push(seen)
      const answer = answering(seen, got.length)
      response.writeHead(answer.status, answer.headers).end(answer.body ?? '')
    })
  })
  return { url, got }
}
