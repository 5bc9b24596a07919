/** Parses JSON. Returns `undefined` if the string is not valid JSON. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}
