const MAX_QUOTED_LENGTH = 80

/**
 * Quotes a value from outside as JSON for a message to operators. The result is ASCII, because invisible and
 * bidirectional characters would change how a log line reads, and has at most 80 characters.
 */
export function quote(value: unknown): string {
  const json = (JSON.stringify(value) as string | undefined) ?? typeof value
  const shown = json.length > MAX_QUOTED_LENGTH ? `${json.slice(0, MAX_QUOTED_LENGTH)}…` : json
  return shown.replace(/[^\x20-\x7e…]/g, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
