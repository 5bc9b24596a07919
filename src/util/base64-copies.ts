/** Shorter strings are not returned, because they occur in other words. */
const SHORTEST = 10

/** Bits of a byte, and of a character of base64. */
const BYTE = 8
const CHARACTER = 6

/**
 * Returns the parts that the base64 or base64url form of every string contains if the string contains the secret. They differ by the
 * position of the secret, because three bytes become four characters. Characters that neighbors of the secret influence are
 * left out.
 */
export function base64Copies(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const copies = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    const start = Math.ceil((shift * BYTE) / CHARACTER)
    return encoded.slice(start, Math.floor(((shift + bytes.length) * BYTE) / CHARACTER))
  })
  const forms = copies.flatMap((copy) => [copy, copy.replaceAll('+', '-').replaceAll('/', '_')])
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST)
}

/** Minimum length of the base64 copy of a secret that {@link base64Copies} finds. */
export function shortestCopy(secret: string): number {
  return Math.floor((secret.length * BYTE) / CHARACTER) - 2
}
