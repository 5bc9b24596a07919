import { answerMessages } from '../support/child.js'
import { usedBytes } from '../support/heap.js'
import { createKeyMemory, keys } from './keys.js'

/** What is to be remembered: many tokens like this one, under one kind of key. */
export interface Filling {
  readonly name: string
  readonly token: string
  readonly count: number
}

/** The bytes that each remembered token takes. */
answerMessages(({ name, token, count }: Filling): number => {
  const key = keys.find((some) => some.name === name)
  if (key === undefined) throw new TypeError(`there is no key ${name}`)
  const bytes = Buffer.from(token, 'latin1')
  const text = (index: number): string => {
    // At its end, where tokens differ.
    bytes.write(`${index}`.padStart(12, '0'), bytes.length - 12, 'latin1')
    return bytes.toString('latin1')
  }
  const before = usedBytes()
  const memory = createKeyMemory(key, count)
  for (let index = 0; index < count; index += 1) memory.remember(text(index))
  const perToken = (usedBytes() - before) / count
  // Asked after the measurement, or it might be gone before.
  if (!memory.knows(text(0))) throw new Error(`${name}: a token was forgotten`)
  return perToken
})
