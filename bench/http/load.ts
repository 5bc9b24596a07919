import { get, type Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'

export const CONNECTIONS = 64
const TICK_MS = 2

/** The target of requests, and their Authorization headers. */
export interface Target {
  readonly port: number
  readonly headers: readonly string[]
  readonly agent: Agent
  /** Number of requests sent so far, so that short turns also go through all headers. */
  sent: number
}

export interface Load {
  readonly requests: number
  readonly refused: number
}

/**
 * Sends as many requests as 64 connections can. Each connection uses its share of the tokens, because autocannon
 * prepares all requests before it sends the first, and a thousand per connection would take longer than a short round.
 */
export async function saturate(
  { port, headers }: Target,
  milliseconds: number,
): Promise<Load & { readonly perSecond: number }> {
  let clients = 0
  const result = await autocannon({
    url: `http://127.0.0.1:${port}/`,
    connections: CONNECTIONS,
    duration: milliseconds / 1000,
    // A run ends with a sample. With the default of one per second, short rounds would take longer.
    sampleInt: 50,
    setupClient(client) {
      const share = headers.filter((_, index) => headers.length === 1 || index % CONNECTIONS === clients)
      clients += 1
      client.setRequests(
        share.map((authorization) => ({ method: 'GET', path: '/', headers: { authorization } })),
      )
    },
  })
  const { non2xx, errors } = result
  const requests = result['2xx'] + non2xx
  return { perSecond: requests / result.duration, requests, refused: non2xx + errors }
}

/**
 * Sends requests at a fixed rate over kept-alive connections, regardless of the response times. Both servers of a
 * comparison can handle the load, so that they differ only in the cost of a request.
 */
export async function sendAtRate(target: Target, perSecond: number, milliseconds: number): Promise<Load> {
  const responses: Promise<number>[] = []
  const started = performance.now()
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    const due = Math.floor((elapsed * perSecond) / 1000)
    while (responses.length < due) responses.push(send(target))
    await sleep(TICK_MS)
  }
  const statuses = await Promise.all(responses)
  return { requests: statuses.length, refused: statuses.filter((status) => status !== 200).length }
}

function send(target: Target): Promise<number> {
  const { agent, port, headers } = target
  const authorization = headers[target.sent % headers.length] ?? ''
  target.sent += 1
  return new Promise((resolve, reject) => {
    get({ agent, host: '127.0.0.1', port, path: '/', headers: { authorization } }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0)
      })
    }).on('error', reject)
  })
}
