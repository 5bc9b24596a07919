import type { IncomingMessage, ServerResponse } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import { accessToken as expressToken } from '../../../adapters/express.js'
import { accessToken as fastifyToken, m2mGuard } from '../../../adapters/fastify.js'
import { guard as fetchGuard } from '../../../adapters/fetch.js'
import type { AccessToken, Verifier } from '../../../src/index.js'
import { policyOf, toFetchRequest, type Continue } from './hosts.js'
import type { Mode, Rules } from './oracle.js'

/** A guard of a terminal. */
export interface TerminalGuard {
  readonly verifier: Verifier
  readonly rules: Rules
  readonly mode: Mode
}

/** The name of the header in which a handler says which token it saw, by its fingerprint. */
export const SEEN = 'x-seen'

/** The handler of Node's own request. */
export const plainHandler: Continue = (request, response) => {
  response.statusCode = 200
  response.setHeader(
    SEEN,
    seenBy(() => expressToken(request)),
  )
  response.end()
}

function seenBy(read: () => AccessToken): string {
  try {
    return read().fingerprint
  } catch {
    return 'none'
  }
}

/** Guards of `m2m-guard/fetch` one after the other over one `Request`, then the handler. */
export function fetchTerminal(guards: readonly TerminalGuard[]): Continue {
  const checks = guards.map(({ verifier, rules, mode }) =>
    fetchGuard(verifier, policyOf(rules), { mode: mode as 'enforce' }),
  )
  const answer = async (request: Request): Promise<Response> => {
    let token: AccessToken | undefined
    for (const check of checks) {
      const result = await check(request)
      if (result instanceof Response) return result
      token = result
    }
    return new Response(null, { headers: { [SEEN]: token?.fingerprint ?? 'none' } })
  }
  return (request, response) => {
    void answer(toFetchRequest(request)).then((answered) => {
      response.statusCode = answered.status
      const seen = answered.headers.get(SEEN)
      if (seen !== null) response.setHeader(SEEN, seen)
      response.end()
    })
  }
}

/** A Fastify application under the plugin, with one route for each list of rules and one that is open. */
export interface FastifyTerminal {
  /** Handles a request at the route with these rules; `open` is the route without a guard. */
  readonly at: (rules: Rules | 'open') => Continue
}

export async function fastifyTerminal(
  { verifier, rules, mode }: TerminalGuard,
  routes: readonly Rules[],
): Promise<FastifyTerminal> {
  const app: FastifyInstance = Fastify()
  await app.register(m2mGuard, { verifier, policy: policyOf(rules), mode })
  for (const [index, own] of routes.entries()) {
    app.get(`/${index}`, { config: { auth: policyOf(own) } }, (request, reply) =>
      reply
        .header(
          SEEN,
          seenBy(() => fastifyToken(request)),
        )
        .send(),
    )
  }
  app.get('/open', { config: { auth: false } }, (request, reply) =>
    reply
      .header(
        SEEN,
        seenBy(() => fastifyToken(request)),
      )
      .send(),
  )
  await app.ready()
  return {
    at: (own) => (request: IncomingMessage, response: ServerResponse) => {
      request.url = own === 'open' ? '/open' : `/${routes.indexOf(own)}`
      app.routing(request, response)
    },
  }
}
