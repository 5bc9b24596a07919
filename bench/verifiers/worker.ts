import { answerMessages } from '../support/child.js'
import { measureCalls, type Callee, type Manner } from '../support/measure.js'
import type { Issuance } from '../support/tokens.js'
import { findContender, prepareContender, type Cast } from './cast.js'

export interface Preparation {
  readonly kind: 'prepare'
  readonly issuance: Issuance
  readonly tokens: readonly string[]
}

/** A measurement that uses the first `tokens` tokens in turn. */
export interface Stretch extends Manner {
  readonly kind: 'measure'
  readonly tokens: number
}

const [cast = '', name = ''] = process.argv.slice(2)
const contender = findContender(cast as Cast, name)
let calleeOf: ((count: number) => Callee) | undefined

answerMessages(async (message: Preparation | Stretch) => {
  if (message.kind === 'measure') return calleeOf && measureCalls(calleeOf(message.tokens), message)
  calleeOf = await prepareContender(contender, message.issuance, message.tokens)
  return undefined
})
