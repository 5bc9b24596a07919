/** One challenge of a `WWW-Authenticate` header (RFC 9110 section 11.6.1). Names are in lower case. */
export interface Challenge {
  readonly scheme: string
  readonly parameters: ReadonlyMap<string, string>
}

/** A token, and if an equals sign follows, its value: a quoted string or a token. */
const ITEM = /[\s,]*([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/y

/**
 * Reads the challenges of a header, which may have several, with parameters that contain commas. What cannot be read ends
 * the list.
 */
export function readChallenges(header: string): readonly Challenge[] {
  const challenges: { readonly scheme: string; readonly parameters: Map<string, string> }[] = []
  ITEM.lastIndex = 0
  for (let match = ITEM.exec(header); match !== null; match = ITEM.exec(header)) {
    const [, name = '', quoted, plain] = match
    const value = quoted?.replace(/\\(.)/g, '$1') ?? plain
    // A token without an equals sign is a scheme, or credentials such as those of Negotiate, which have no name here.
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() })
    else if (!challenges.at(-1)?.parameters.has(name.toLowerCase()))
      challenges.at(-1)?.parameters.set(name.toLowerCase(), value)
  }
  return challenges
}
