import { createClock } from '../../src/util/clock.js'
import { atOnce, ONE_AFTER_ANOTHER, type Choice, type Way } from './choice.js'

const REPEATS = 100
const clock = createClock()

function reading(name: string, read: () => number): Way {
  return {
    name,
    make: () =>
      atOnce(() => {
        let sum = 0
        for (let count = 0; count < REPEATS; count += 1) sum += read()
        return sum > 0
      }),
  }
}

/** What is read of the time for a known token. */
export const clocks: Choice = {
  id: 'clocks',
  title: 'The clocks that are read for a known token',
  digits: 3,
  repeats: REPEATS,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    reading('the time of day', () => clock.now()),
    reading('the time of day and the time elapsed', () => clock.now() + clock.elapsed()),
  ],
}
