import { sharedAnswers, type Answers } from '../../../src/index.js'
import { memoryStore, SECRET, type MemoryStore } from '../../support/shared-store.js'
import { fleetOf, type Fleet, type Sharer } from '../../support/sharing.js'
import { until } from '../../support/until.js'

const isAnswer = (key: string): boolean => !key.endsWith(':lease') && !key.endsWith(':trial')
export const answersIn = ({ values }: MemoryStore): readonly string[] => [...values.keys()].filter(isAnswer)

export const isSettled =
  ({ values }: MemoryStore) =>
  (): boolean =>
    [...values.keys()].every(isAnswer)

/** Two processes that share results through one store. */
export async function pair(): Promise<{
  readonly fleet: Fleet
  readonly store: MemoryStore
  readonly answers: () => Answers
  readonly one: Sharer
  readonly two: Sharer
  /** Lets one process introspect a token and share the result. */
  readonly share: (token: string) => Promise<void>
}> {
  const [fleet, store] = [await fleetOf(), memoryStore()]
  const answers = (): Answers => sharedAnswers({ store, secret: SECRET, deadline: '5s' })
  const [one, two] = [fleet.join(answers()), fleet.join(answers())]
  const share = async (token: string): Promise<void> => {
    await one.outcome(token)
    await until(isSettled(store))
  }
  return { fleet, store, answers, one, two, share }
}
