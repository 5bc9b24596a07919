import { get, type Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const TICK_MS = 2

/** Where requests are sent, and with what. */
export interface Target {
  readonly port: number
  readonly headers: readonly string[]
  readonly agent: Agent
  /** How many requests it was sent so far: short turns, too, go through all of its headers. */
  sent: number
}

/**
 * Sends so many requests a second, evenly, over kept-alive connections, whatever the answers take: a load that both
 * servers of a comparison can carry, so that what differs is what a request costs.
 */
export async function sendAtRate(
  target: Target,
  perSecond: number,
  milliseconds: number,
): Promise<{ readonly requests: number; readonly refused: number }> {
  let requests = 0
  let refused = 0
  const answers: Promise<void>[] = []
  const started = performance.now()
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    for (const due = Math.floor((elapsed * perSecond) / 1000); requests < due; requests += 1) {
      answers.push(
        send(target).then((status) => {
          if (status !== 200) refused += 1
        }),
      )
    }
    await sleep(TICK_MS)
  }
  await Promise.all(answers)
  return { requests, refused }
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
