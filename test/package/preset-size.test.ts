import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const FOLDER = new URL('../../src/providers/presets/', import.meta.url)

/** What presets share. */
const SHARED = new Set(['index.ts', 'preset.ts', 'names.ts', 'in-cluster.ts'])

const presets = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && !SHARED.has(file))

/** The lines of code: without comments, imports and empty lines. */
function linesOfCode(source: string): number {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^import[\s\S]*?from '.*'$/gm, '')
  return code.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
}

it('all presets are measured', () => {
  expect(presets).toHaveLength(11)
})

it.each(presets)('a preset is declarative, in at most 60 lines of code: %s', (file) => {
  expect(linesOfCode(readFileSync(new URL(file, FOLDER), 'utf8'))).toBeLessThanOrEqual(60)
})
