import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { runWith, type Result } from '../../support/cli.js'

/** Writes files of this test and returns their paths. */
export function writeFiles<const T extends Readonly<Record<string, string>>>(
  contents: T,
): Readonly<Record<keyof T, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'm2m-guard-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const paths = Object.entries(contents).map(([name, content]) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return [name, path] as const
  })
  return Object.fromEntries(paths) as Readonly<Record<keyof T, string>>
}

/** An EC key in PEM form, and its public key. */
export function ecPair(): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
}

/** Runs a command line with exactly these variables. */
export function run(line: string, env: Readonly<Record<string, string>>): Promise<Result> {
  return runWith(line.split(' '), { env })
}
