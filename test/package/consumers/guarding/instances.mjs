import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { exports } = JSON.parse(readFileSync(require.resolve('m2m-guard/package.json'), 'utf8'))
const names = Object.keys(exports).filter((name) => name !== './package.json')
const specifiers = names.map((name) => `m2m-guard${name.slice(1)}`)
let difference = 'same'
for (const specifier of specifiers) {
  const required = require(specifier)
  for (const [name, value] of Object.entries(await import(specifier)))
    if (required[name] !== value) difference = `${specifier}: ${name}`
}
console.log(difference)
