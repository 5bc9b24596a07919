import type { Choice, Way } from './choice.js'
import { clocks } from './clocks.js'
import { headerDecoding } from './header-decoding.js'
import { httpClient } from './http-client.js'
import { keyOfMemory } from './key-of-memory.js'
import { koaMiddleware } from './koa-middleware.js'
import { markOnExpressRequest, markOnRequest } from './mark-on-request.js'
import { seenOnce } from './seen-once.js'
import { signatureCall } from './signature-call.js'
import { signatureThread } from './signature-thread.js'

/** What was decided by measuring. */
export const choices: readonly Choice[] = [
  keyOfMemory,
  signatureThread,
  signatureCall,
  markOnRequest,
  markOnExpressRequest,
  koaMiddleware,
  clocks,
  headerDecoding,
  seenOnce,
  httpClient,
]

export function findWay(id: string, name: string): { readonly choice: Choice; readonly way: Way } {
  const choice = choices.find((some) => some.id === id)
  const way = choice?.ways.find((some) => some.name === name)
  if (choice === undefined || way === undefined) throw new TypeError(`${id}: there is no way ${name}`)
  return { choice, way }
}
