import type { IncomingMessage } from 'node:http'
import { onTestFinished } from 'vitest'
import {
  clerkTokenSource,
  tokenSource,
  type AnyTokenSourceOptions,
  type ClerkTokenSourceOptions,
  type TokenSource,
  type TokenSourceOptions,
} from '../../src/client/index.js'
import type { OptionOverrides } from '../../src/testing/index.js'
import { serve } from './servers/servers.js'
import { testBed, type TestBed, type TestBedOptions } from './test-bed.js'

/** A request to an issuer, as the source sent it. */
interface SentRequest {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
  readonly form: URLSearchParams
}

/** A test bed with token sources for its issuer, which use the clock of the bed and are closed after the test. */
export interface ClientBed extends TestBed {
  /** The requests that the sources sent through their custom `fetch`. */
  readonly sent: readonly SentRequest[]
  /** A source of the OAuth issuer's tokens. `undefined` removes a default option. */
  readonly source: (extra?: OptionOverrides<AnyTokenSourceOptions>) => TokenSource
  readonly stytchSource: (extra?: OptionOverrides<AnyTokenSourceOptions>) => TokenSource
  readonly clerkSource: (extra?: OptionOverrides<ClerkTokenSourceOptions>) => TokenSource
}

export async function clientBed(options: TestBedOptions = {}): Promise<ClientBed> {
  const bed = await testBed(options)
  const { issuer, clock } = bed
  const sent: SentRequest[] = []
  const recordingFetch: typeof fetch = (input, init) => {
    const body = typeof init?.body === 'string' ? init.body : ''
    sent.push({
      url: input instanceof Request ? input.url : String(input),
      method: init?.method ?? 'GET',
      headers: new Headers(init?.headers),
      body,
      form: new URLSearchParams(body),
    })
    return fetchHere(input, init)
  }
  const common = { clock, fetch: recordingFetch }
  const closed = (source: TokenSource): TokenSource => {
    onTestFinished(() => source.close())
    return source
  }
  return {
    ...bed,
    sent,
    source: (extra = {}) => {
      const { clientId, clientSecret } = issuer.client
      const defaults = { tokenEndpoint: `${issuer.url}/token`, clientId, clientSecret, ...common }
      return closed(tokenSource(merge<AnyTokenSourceOptions>(defaults, extra) as TokenSourceOptions))
    },
    stytchSource: (extra = {}) => {
      const { projectId, client } = issuer.stytchProject
      const stytch = { projectId, apiUrl: issuer.endpoints.stytch }
      const { clientId, clientSecret } = client
      const defaults = { stytch, clientId, clientSecret, ...common }
      return closed(tokenSource(merge<AnyTokenSourceOptions>(defaults, extra) as TokenSourceOptions))
    },
    clerkSource: (extra = {}) => {
      const machineSecretKey = issuer.clerkMachines.sender.secretKey
      const defaults = { machineSecretKey, apiUrl: issuer.endpoints.clerk, ...common }
      return closed(clerkTokenSource(merge<ClerkTokenSourceOptions>(defaults, extra)))
    },
  }
}

function merge<T extends object>(defaults: T, extra: OptionOverrides<T>): T {
  const merged = Object.entries({ ...defaults, ...extra }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(merged) as T
}

/** A request that an API received. */
export interface GotRequest {
  readonly line: string
  readonly authorization: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Responds to a request of an API; `count` is the number of requests so far, this one included. */
export type Answering = (
  request: GotRequest,
  count: number,
) => { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

const simulated = new Map<string, (request: Request) => Response>()

/** The real `fetch`, except for the APIs that are simulated in this process. */
export const fetchHere: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input)
  const respond = simulated.get(url.origin)
  return respond === undefined ? fetch(input, init) : respond(new Request(input, init))
}

/** An API without a server, for thousands of requests. The sources of a bed reach it, and {@link fetchHere}. */
export function simulatedApi(answering: (request: Omit<GotRequest, 'body'>) => ReturnType<Answering>): {
  readonly url: string
  readonly got: readonly Omit<GotRequest, 'body'>[]
} {
  const got: Omit<GotRequest, 'body'>[] = []
  const url = `https://api-${simulated.size}.test`
  simulated.set(url, ({ method, url: target, headers }) => {
    const line = `${method} ${new URL(target).pathname}`
    const authorization = headers.get('authorization') ?? undefined
    const seen = { line, authorization, headers: Object.fromEntries(headers) }
    got.push(seen)
    const answer = answering(seen)
    return new Response(answer.body ?? null, answer)
  })
  return { url, got }
}

/** An API that records its requests. */
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
