import { measureWhenPrepared } from '../support/child.js'
import { measureCalls, type Manner } from '../support/measure.js'
import type { Issuance } from '../support/tokens.js'
import { findContender, type Cast } from './cast.js'
import { prepareCalls } from './contender.js'

export interface Preparation {
  readonly issuance: Issuance
  readonly tokens: readonly string[]
}

/** A measurement that uses the first `tokens` tokens in turn. */
export interface Stretch extends Manner {
  readonly tokens: number
}

const [cast = '', name = ''] = process.argv.slice(2)
const contender = findContender(cast as Cast, name)

measureWhenPrepared(async ({ issuance, tokens }: Preparation) => {
  const calleeOf = await prepareCalls(contender, await contender.make(issuance), tokens)
  return ({ tokens: count, ...manner }: Stretch) => measureCalls(calleeOf(count), manner)
})
