import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { answerMessages } from '../support/child.js'
import { percentile } from '../support/statistics.js'
import type { Issuance } from '../support/tokens.js'
import type { Verify } from '../verifiers/contender.js'
import { findContender } from '../verifiers/cast.js'
import { nobody } from './nobody.js'

/** A storm: new tokens, and known ones that want to be answered meanwhile. */
export type StormMessage =
  | { readonly kind: 'prepare'; readonly issuance: Issuance; readonly known: readonly string[] }
  | {
      readonly kind: 'storm'
      readonly tokens: readonly string[]
      /** New tokens a second; `null` keeps 64 under way at any time. */
      readonly perSecond: number | null
      readonly milliseconds: number
    }

export interface Weather {
  readonly delayP99: number
  readonly newPerSecond: number
  /** Of the known tokens' requests that were due, those answered within the time allowed. */
  readonly answeredShare: number
  readonly knownP99: number
}

const UNDER_WAY = 64
const KNOWN_PER_SECOND = 500
/** A caller's patience. */
const IN_TIME_MS = 100
/** As many as a hundred connections could bring in one turn. */
const MOST_PER_TURN = 100

const [name = ''] = process.argv.slice(2)
const contender = name === nobody.name ? nobody : findContender('new', name)
let verify: Verify = () => undefined
let known: readonly Buffer[] = []
const bearer = (token: string): Buffer => Buffer.from(`Bearer ${token}`, 'latin1')
const headersOf = (text: Buffer | undefined) => ({ authorization: text?.toString('latin1') ?? '' })

answerMessages(async (message: StormMessage) => {
  if (message.kind === 'storm') return storm(message)
  known = message.known.map(bearer)
  verify = await contender.make(message.issuance)
  for (const text of known) await verify(headersOf(text))
  return undefined
})

async function storm(message: Extract<StormMessage, { kind: 'storm' }>): Promise<Weather> {
  const { perSecond, milliseconds } = message
  const tokens = message.tokens.map(bearer)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const started = performance.now()
  const waits: number[] = []
  let [next, underWay, done, knownAsked, knownAnswered] = [0, 0, 0, 0, 0]
  delay.enable()
  for (let elapsed = 0; elapsed < milliseconds; elapsed = performance.now() - started) {
    const wanted = perSecond === null ? UNDER_WAY - underWay : Math.floor((elapsed * perSecond) / 1000) - next
    for (let count = Math.min(wanted, MOST_PER_TURN); count > 0; count -= 1) {
      underWay += 1
      void answered(tokens[next++ % tokens.length]).then(() => {
        underWay -= 1
        done += 1
      })
    }
    for (const due = Math.floor((elapsed * KNOWN_PER_SECOND) / 1000); knownAsked < due; knownAsked += 1) {
      // From when it was due, not from when the loop found time for it.
      const dueAt = started + (knownAsked * 1000) / KNOWN_PER_SECOND
      void answered(known[knownAsked % known.length]).then((isAccepted) => {
        waits.push(performance.now() - dueAt)
        if (isAccepted && performance.now() - dueAt <= IN_TIME_MS) knownAnswered += 1
      })
    }
    await nextTurn()
  }
  delay.disable()
  const newPerSecond = (done / (performance.now() - started)) * 1000
  // Late answers count as late, not as never given.
  while (underWay > 0 || waits.length < knownAsked) await nextTurn()
  return {
    delayP99: delay.percentile(99) / 1e6,
    newPerSecond,
    answeredShare: knownAnswered / knownAsked,
    knownP99: percentile(waits, 0.99),
  }
}

async function answered(text: Buffer | undefined): Promise<boolean> {
  try {
    return contender.isAccepted(await verify(headersOf(text)))
  } catch {
    return false
  }
}
