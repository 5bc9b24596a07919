import { parseJson } from '../util/json.js'

/** Braces, and texts with the colon after them that makes a text a name. */
const BRACES_AND_TEXTS = /[{}]|("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)/g

/**
 * Whether an object in a JSON text has two members of one name. `JSON.parse` keeps the last; another reader, such as a
 * proxy that filters answers, may have seen the first (RFC 8259 section 4).
 */
export function hasDuplicateMembers(json: string): boolean {
  const open: Set<unknown>[] = []
  for (const [found, text = '', colon] of json.matchAll(BRACES_AND_TEXTS)) {
    if (found === '{') open.push(new Set())
    else if (found === '}') open.pop()
    else if (colon === ':') {
      // Parsed, because one name can be written in many ways.
      const name = parseJson(text)
      const names = open.at(-1)
      if (names?.has(name) === true) return true
      names?.add(name)
    }
  }
  return false
}
