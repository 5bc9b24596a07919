import { timers } from '../../../src/util/timers.js'

// For programs that tests start: a deadline takes 20 times as long there, so that a busy machine does not let one pass.
// Pauses between attempts and intervals, which are shorter than a second, take as long as ever. Examples, which keep the
// default deadlines, load it with --import.

const FACTOR = 20
const original = { ...timers }

const longer: Pick<typeof timers, 'after' | 'elapsed'> = {
  after: (seconds, callback) => original.after(seconds < 1 ? seconds : seconds * FACTOR, callback),
  elapsed: () => original.elapsed() / FACTOR,
}
Object.assign(timers, longer)
