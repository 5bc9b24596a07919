import { isUtf8 } from 'node:buffer'
import { LRUCache } from 'lru-cache'
import { atOnce, freshTexts, ONE_AFTER_ANOTHER, type Choice, type Way } from './choice.js'

function decode(part: string): unknown {
  const bytes = Buffer.from(part, 'base64url')
  return isUtf8(bytes) ? JSON.parse(bytes.toString('utf8')) : undefined
}

function createRemembering(): (part: string) => unknown {
  const headers = new LRUCache<string, object>({ max: 100 })
  return (part) => {
    const known = headers.get(part)
    if (known !== undefined) return known
    const header = decode(part) as object
    headers.set(part, header)
    return header
  }
}

function reading(name: string, create: () => (part: string) => unknown): Way {
  return {
    name,
    make({ tokens }) {
      const header = create()
      const next = freshTexts(tokens)
      return atOnce(() => {
        const token = next()
        return header(token.slice(0, token.indexOf('.')))
      })
    },
  }
}

/** All tokens of a key have the same header. */
export const headerDecoding: Choice = {
  id: 'header',
  title: 'The header of a new token',
  digits: 2,
  situations: [ONE_AFTER_ANOTHER],
  ways: [
    reading('remembered by its text', createRemembering),
    reading('decoded each time', () => decode),
    reading('neither: the new text that all begin with', () => (part) => part),
  ],
}
