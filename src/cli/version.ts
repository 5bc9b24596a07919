import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Returns the version of this package. It is resolved by name, because `src` and `dist` have different depths. */
export function readVersion(): string {
  const path = createRequire(import.meta.url).resolve('m2m-guard/package.json')
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }
  return version
}
