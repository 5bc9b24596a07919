import type { AttackBed } from '../../support/tokens/attack.js'

/** Writes a token for the guard of an bed. */
export type Write = (bed: AttackBed) => string

/** JSON, or a function that changes the valid JSON. */
type Text = string | Buffer | ((honest: string) => string | Buffer)

/** A token whose header is this JSON, with a valid signature. */
export function header(text: Text): Write {
  return (bed) => bed.raw(written(text, bed.header), bed.claims)
}

/** A token whose claims are this JSON, with a valid signature. */
export function payload(text: Text): Write {
  return (bed) => bed.raw(bed.header, written(text, bed.claims))
}

function written(text: Text, honest: object): string | Buffer {
  return typeof text === 'function' ? text(JSON.stringify(honest)) : text
}
