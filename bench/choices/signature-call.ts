import { atOnce, freshTexts, ONE_AFTER_ANOTHER, type Choice } from './choice.js'
import { withCreateVerify, withVerify } from './signatures.js'

/** Node has two functions for a signature on the calling thread. */
export const signatureCall: Choice = {
  id: 'signature-call',
  title: 'The function that checks a signature on the calling thread, its parts decoded',
  digits: 1,
  situations: (['RS256', 'ES256'] as const).map((algorithm) => ({
    ...ONE_AFTER_ANOTHER,
    id: algorithm,
    algorithm,
    perTurn: 8,
  })),
  ways: Object.entries({ createVerify: withCreateVerify, 'crypto.verify': withVerify }).map(
    ([name, checkWith]) => ({
      name: `\`${name}\``,
      make({ issuance, tokens }) {
        const check = checkWith(issuance)
        const next = freshTexts(tokens)
        return atOnce(() => check(next()))
      },
    }),
  ),
}
