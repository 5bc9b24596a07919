import type { Arena } from './support.js'

/** Writes a token for the guard of an arena. */
export type Write = (arena: Arena) => string

/** A text, or what becomes of the honest one. */
type Text = string | Buffer | ((honest: string) => string | Buffer)

/** A token whose header is this text, properly signed. */
export function header(text: Text): Write {
  return (arena) => arena.raw(written(text, arena.header), arena.claims)
}

/** A token whose claims are this text, properly signed. */
export function payload(text: Text): Write {
  return (arena) => arena.raw(arena.header, written(text, arena.claims))
}

function written(text: Text, honest: object): string | Buffer {
  return typeof text === 'function' ? text(JSON.stringify(honest)) : text
}
