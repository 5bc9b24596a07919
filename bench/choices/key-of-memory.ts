import { atOnce, freshTexts, ONE_AFTER_ANOTHER, type Choice } from './choice.js'
import { createKeyMemory, keys } from './keys.js'

/** What a look-up takes, by what tokens are remembered under. */
export const keyOfMemory: Choice = {
  id: 'key',
  title: 'The key of the memory: one look-up of an RS256 token',
  digits: 2,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    ...keys.map((key) => ({
      name: key.name,
      make({ tokens }: { readonly tokens: readonly string[] }) {
        const memory = createKeyMemory(key, tokens.length)
        for (const token of tokens) memory.remember(token)
        const next = freshTexts(tokens)
        return atOnce(() => memory.knows(next()))
      },
    })),
    {
      name: 'no look-up: the new text that all begin with',
      make: ({ tokens }) => atOnce(freshTexts(tokens)),
    },
  ],
}
