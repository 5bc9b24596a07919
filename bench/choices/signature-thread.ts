import { readJwk } from '../../src/keys/jwk.js'
import { checkWithNode } from '../../src/jwt/signature.js'
import type { Issuance } from '../support/tokens.js'
import { atOnce, awaited, freshTexts, type Choice, type Situation } from './choice.js'
import { inThreadPool, withCreateVerify, type Check } from './signatures.js'

// As a server takes requests: each in a turn of the event loop of its own, or many in one.
const situations: readonly Situation[] = (['RS256', 'ES256'] as const).flatMap((algorithm) => [
  { id: `${algorithm}, one after another`, algorithm, mode: 'sequential', perTurn: 1 },
  { id: `${algorithm}, 64 at once`, algorithm, mode: 'at once', perTurn: 1 },
])

/** The library's own check, which decides from one token to the next. */
function asComes({ algorithm, jwk }: Issuance): Check {
  const key = readJwk(jwk)
  if (key === undefined) throw new TypeError(`${algorithm}: the key cannot be read`)
  return (token) => checkWithNode(token, algorithm, key)
}

/** Where signatures are checked. */
export const signatureThread: Choice = {
  id: 'signature-thread',
  title: 'The thread that checks a signature',
  digits: 1,
  situations,
  ways: [
    { name: 'by the key, by how they come, and by the time spent', checkWith: asComes, callee: awaited },
    { name: 'every one on this thread', checkWith: withCreateVerify, callee: atOnce },
    { name: 'every one in the thread pool', checkWith: inThreadPool, callee: awaited },
  ].map(({ name, checkWith, callee }) => ({
    name,
    make({ issuance, tokens }) {
      const check = checkWith(issuance)
      const next = freshTexts(tokens)
      return callee(() => check(next()))
    },
  })),
}
