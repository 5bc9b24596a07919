// The declarations of the package, from those that tsc writes.
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

// TypeScript 6 and 7 load no types of packages by default, and the declarations need Node's.
const NODE_TYPES = '/// <reference types="node" />\n'
const SPECIFIERS = /(?:\bfrom |\bimport |\bimport\()['"](\.[^'"]+)\.js['"]/g

/** Returns the declaration files that the given ones need, and the given ones. Rewrites what needs more than ES5. */
export function readDeclarations(entries) {
  const found = new Set(entries)
  for (const file of found) {
    // One name per class, because a class and the one it extends may both have private members.
    const text = readFileSync(file, 'utf8').replaceAll(/^( +)#private;$/gm, (_, indent, at, all) => {
      return `${indent}private readonly _${/.*\bclass (\w+)/s.exec(all.slice(0, at))[1]};`
    })
    for (const [, path] of text.matchAll(SPECIFIERS)) found.add(join(dirname(file), `${path}.d.ts`))
    writeFileSync(file, entries.includes(file) ? NODE_TYPES + text : text)
  }
  return found
}

/**
 * Writes the declaration of a CommonJS entry point. It takes every type from the one for modules, so that a program can use
 * both. `path` has no extension.
 */
export function writeCommonJsDeclaration(path) {
  const modules = `'./${basename(path)}.js' with { 'resolution-mode': 'import' }`
  const lines = [`import type * as modules from ${modules}`, `export type * from ${modules}`]
  for (const [name, value] of Object.entries(createRequire(import.meta.url)(`${path}.cjs`))) {
    if (name === 'default') lines.push('declare const _default: typeof modules.default\nexport default _default')
    else lines.push(`export declare const ${name}: typeof modules.${name}`)
    if (/^class\b/.test(String(value))) lines.push(`export type ${name} = modules.${name}`)
  }
  writeFileSync(`${path}.d.cts`, `${NODE_TYPES}${lines.join('\n')}\n`)
}
