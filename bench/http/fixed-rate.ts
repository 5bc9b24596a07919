import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const TICK_MS = 2

/**
 * Sends so many requests a second, evenly, over kept-alive connections, whatever the answers take: a load that both
 * servers of a comparison can carry, so that what differs is what a request costs.
 */
export async function sendAtRate(
  port: number,
  headers: readonly string[],
  perSecond: number,
  milliseconds: number,
): Promise<{ readonly requests: number; readonly refused: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  let sent = 0
  let refused = 0
  const answers: Promise<void>[] = []
  const started = performance.now()
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    for (const due = Math.floor((elapsed * perSecond) / 1000); sent < due; sent += 1) {
      const authorization = headers[sent % headers.length] ?? ''
      answers.push(
        send(agent, port, authorization).then((status) => {
          if (status !== 200) refused += 1
        }),
      )
    }
    await sleep(TICK_MS)
  }
  await Promise.all(answers)
  agent.destroy()
  return { requests: sent, refused }
}

function send(agent: Agent, port: number, authorization: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ agent, host: '127.0.0.1', port, path: '/', headers: { authorization } }, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0)
      })
    }).on('error', reject)
  })
}
