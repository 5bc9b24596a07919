import { atOnce, freshTexts, ONE_AFTER_ANOTHER, type Choice } from './choice.js'
import { withCreateVerify, withOptions, withVerify } from './signatures.js'

/** Node has two functions for a signature on the calling thread, and two ways to give them a key. */
export const signatureCall: Choice = {
  id: 'signature-call',
  title: 'The function that checks a signature on the calling thread',
  digits: 1,
  situations: (['RS256', 'ES256'] as const).map((algorithm) => ({
    ...ONE_AFTER_ANOTHER,
    id: algorithm,
    algorithm,
    perTurn: 8,
  })),
  ways: Object.entries({
    '`createVerify`, the key alone': withCreateVerify,
    '`createVerify`, the key in an object of options': withOptions,
    '`crypto.verify`, the key alone': withVerify,
  }).map(([name, checkWith]) => ({
    name,
    make({ issuance, tokens }) {
      const check = checkWith(issuance)
      const next = freshTexts(tokens)
      return atOnce(() => check(next()))
    },
  })),
}
