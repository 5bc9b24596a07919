import { waitFor } from '../../util/abort.js'
import { UsageError } from '../exit-code.js'
import type { Terminal } from '../terminal.js'
import { valueOf } from './environment.js'

const LONGEST_SECRET = 64 * 1024
const FROM_VARIABLE = /^env:([A-Za-z_][A-Za-z0-9_]*)$/

/** Whether a value is the source of a secret, `-` or `env:NAME`. */
export function isPlaceOfSecret(text: string): boolean {
  return text === '-' || FROM_VARIABLE.test(text)
}

/** Whether a value looks like a secret and must therefore never be printed. */
export function looksSecret(text: string): boolean {
  return /^(?:ak|sk)_|^secret-(?:live|test)-|^eyJ[\w-]+\.|^Bearer /i.test(text)
}

/**
 * Reads the secrets of a command from their sources.
 *
 * @throws UsageError that names what is missing and never contains a value.
 */
export async function readSecrets(
  places: readonly (readonly [name: string, place: string])[],
  { env, stdin, signal }: Pick<Terminal, 'env' | 'stdin' | 'signal'>,
): Promise<ReadonlyMap<string, string>> {
  const fromStdin = places.filter(([, place]) => place === '-').map(([name]) => name)
  if (fromStdin.length > 1)
    throw new UsageError(
      `${fromStdin.join(' and ')} cannot both be read from stdin. Use env:NAME for one of them`,
    )
  const secrets = new Map<string, string>()
  for (const [name, place] of places) {
    const variable = FROM_VARIABLE.exec(place)?.[1]
    const value =
      variable === undefined ? (await readAll(name, stdin, signal)).trim() : valueOf(env, variable)?.trim()
    if (value === undefined || value === '') {
      const where = variable === undefined ? 'stdin is empty' : `${variable} is not set`
      throw new UsageError(`${name}: ${where}`)
    }
    secrets.set(name, value)
  }
  return secrets
}

async function readAll(name: string, stdin: Terminal['stdin'], signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  const reading = (async () => {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk)
      size += bytes.length
      if (size > LONGEST_SECRET) throw new UsageError(`${name}: the value on stdin is too long for a secret`)
      chunks.push(bytes)
    }
  })()
  await waitFor(reading, signal)
  return Buffer.concat(chunks).toString()
}
