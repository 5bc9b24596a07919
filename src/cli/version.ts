import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** The version of this package. It is found by the package's name: sources and what is built stand at different depths. */
export function readVersion(): string {
  const path = createRequire(import.meta.url).resolve('m2m-guard/package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }
  return version
}
