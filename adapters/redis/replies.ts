/** Reads a string of a reply. A client may be configured to return buffers. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (Buffer.isBuffer(value)) return value.toString()
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : undefined
}

/** Reads an integer of a reply. */
export function integerOf(value: unknown): number | undefined {
  const number = Number(textOf(value) ?? Number.NaN)
  return Number.isSafeInteger(number) ? number : undefined
}

/** Reads a list of a reply. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
