import { parseJson } from './json.js'

/** Matches braces, and strings with the colon that makes them member names. */
const BRACES_AND_STRINGS = /[{}]|("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)/g

/**
 * Whether an object in the JSON has two members with the same name. `JSON.parse` keeps the last one. Another parser, such
 * as that of a filtering proxy, may have used the first (RFC 8259 section 4).
 */
export function hasDuplicateMembers(json: string): boolean {
  const open: Set<unknown>[] = []
  for (const [token, string = '', colon] of json.matchAll(BRACES_AND_STRINGS)) {
    if (token === '{') open.push(new Set())
    else if (token === '}') open.pop()
    else if (colon === ':') {
      // Parsed, because escapes allow several spellings of one name.
      const name = parseJson(string)
      const names = open.at(-1)
      if (names?.has(name) === true) return true
      names?.add(name)
    }
  }
  return false
}
