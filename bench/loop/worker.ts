import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { measureWhenPrepared } from '../support/child.js'
import { percentile } from '../support/statistics.js'
import { bearerBytes, freshHeaders } from '../support/tokens.js'
import { findContender } from '../verifiers/cast.js'
import type { Verify } from '../verifiers/contender.js'
import type { Preparation } from '../verifiers/worker.js'

/** A burst of new tokens, with requests with cached tokens in between. */
export interface Storm {
  readonly tokens: readonly string[]
  /** New tokens per second; `null` keeps 64 in flight at any time. */
  readonly perSecond: number | null
  readonly milliseconds: number
}

export type Outcome = Awaited<ReturnType<typeof storm>>

const IN_FLIGHT = 64
const KNOWN_PER_SECOND = 500
/** The longest wait that a caller tolerates. */
const IN_TIME_MS = 100
/** The number of requests that a hundred connections can send in one turn. */
const MOST_PER_TURN = 100

const [name = ''] = process.argv.slice(2)
const contender = findContender('loop', name)
let verify: Verify = () => undefined
let known: readonly Buffer[] = []

measureWhenPrepared(async ({ issuance, tokens }: Preparation) => {
  known = tokens.map(bearerBytes)
  verify = await contender.make(issuance)
  for (const bytes of known) await verify(freshHeaders(bytes))
  return storm
})

async function storm({ perSecond, milliseconds, ...message }: Storm) {
  const tokens = message.tokens.map(bearerBytes)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const started = performance.now()
  const waits: number[] = []
  let [next, inFlight, done, knownSent, knownInTime] = [0, 0, 0, 0, 0]
  delay.enable()
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    const due = perSecond === null ? IN_FLIGHT - inFlight : Math.floor((elapsed * perSecond) / 1000) - next
    for (let count = Math.min(due, MOST_PER_TURN); count > 0; count -= 1) {
      inFlight += 1
      void isAccepted(tokens[next++ % tokens.length]).then(() => {
        inFlight -= 1
        done += 1
      })
    }
    for (const known = Math.floor((elapsed * KNOWN_PER_SECOND) / 1000); knownSent < known; knownSent += 1)
      void sendKnown(started + (knownSent * 1000) / KNOWN_PER_SECOND)
    await nextTurn()
  }
  delay.disable()
  const newPerSecond = (done / (performance.now() - started)) * 1000
  // Late results count as late, not as missing.
  while (inFlight > 0 || waits.length < knownSent) await nextTurn()
  return {
    delayP99: delay.percentile(99) / 1e6,
    newPerSecond,
    /** Share of the due requests with cached tokens that were accepted in time. */
    answeredShare: knownInTime / knownSent,
    knownP99: percentile(waits, 0.99),
  }

  /** Measures the wait from the due time of the request, not from the time at which the loop sent it. */
  async function sendKnown(dueAt: number): Promise<void> {
    const accepted = await isAccepted(known[knownSent % known.length])
    const wait = performance.now() - dueAt
    waits.push(wait)
    if (accepted && wait <= IN_TIME_MS) knownInTime += 1
  }
}

async function isAccepted(bytes: Buffer | undefined): Promise<boolean> {
  try {
    return contender.isAccepted(await verify(freshHeaders(bytes)))
  } catch {
    return false
  }
}
