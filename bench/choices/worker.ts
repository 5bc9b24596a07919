import { answerMessages } from '../support/child.js'
import { measureCalls, type Callee, type Manner, type Sample } from '../verifiers/measure.js'
import type { Algorithm, Provisions } from './choice.js'
import { findWay } from './choices.js'

/** What a way is told before it is measured. */
export interface Preparation {
  readonly kind: 'prepare'
  readonly provisions: Provisions
}

/** One stretch of measuring. */
export interface Stretch extends Manner {
  readonly kind: 'measure'
  readonly algorithm: Algorithm
}

const [id = '', name = ''] = process.argv.slice(2)
const { choice, way } = findWay(id, name)
const callees = new Map<Algorithm, Callee>()

answerMessages(async (message: Preparation | Stretch) => {
  if (message.kind === 'measure') return measure(message)
  for (const { algorithm } of choice.situations) {
    if (!callees.has(algorithm)) callees.set(algorithm, await way.make(message.provisions[algorithm]))
  }
  return undefined
})

/** What doing the thing once took. */
async function measure({ algorithm, ...how }: Stretch): Promise<Sample> {
  const callee = callees.get(algorithm)
  if (callee === undefined) throw new TypeError(`${id}: nothing is prepared for ${algorithm}`)
  const { perSecond, cpuMicros, wallMicros } = await measureCalls(callee, how)
  const { repeats = 1 } = choice
  return {
    perSecond: perSecond * repeats,
    cpuMicros: cpuMicros / repeats,
    wallMicros: wallMicros / repeats,
  }
}
