import { answerMessages } from '../support/child.js'
import type { Issuance } from '../support/tokens.js'
import type { Headers, Verify } from './contender.js'
import { findContender, type Cast } from './cast.js'
import { measureCalls, type Manner, type Sample } from './measure.js'
import { WARMING } from './own.js'

/** What a worker is told before it measures. */
export interface Preparation {
  readonly kind: 'prepare'
  readonly issuance: Issuance
  readonly tokens: readonly string[]
}

/** One stretch of measuring. */
export interface Stretch extends Manner {
  readonly kind: 'measure'
  /** How many of the tokens are cycled through. */
  readonly tokens: number
}

const [cast = '', name = ''] = process.argv.slice(2)
const contender = findContender(cast as Cast, name)
let verify: Verify = () => undefined
let headers: readonly Buffer[] = []
let next = 0

answerMessages(async (message: Preparation | Stretch) => {
  if (message.kind === 'measure') return measure(message)
  headers = message.tokens.map((token) => Buffer.from(`Bearer ${token}`, 'latin1'))
  verify = await contender.make(message.issuance)
  // The first call may fetch keys; with every token known, the rest is remembering.
  for (const [index] of headers.entries()) {
    const result = await verify(Object.assign(fresh(index), { [WARMING]: true }))
    if (!contender.isAccepted(result)) throw new Error(`${contender.name}: a token was not accepted`)
  }
  return undefined
})

/** A text as a server would give it: made for this request, seen by no cache of V8 before. */
function fresh(index: number): Headers {
  return { authorization: headers[index]?.toString('latin1') ?? '' }
}

function measure({ tokens, ...how }: Stretch): Promise<Sample> {
  const call = (): unknown => {
    next = (next + 1) % tokens
    return verify(fresh(next))
  }
  const { awaited, isAccepted } = contender
  return measureCalls({ call, awaited, isAccepted }, how)
}
