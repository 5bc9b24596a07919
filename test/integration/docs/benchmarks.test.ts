import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generated } from '../../../bench/support/publish.js'
import { formatCell, type Result } from '../../../bench/support/report.js'
import { readPaper, ROOT, rowsOf, sectionOf } from './programs/support.js'

const FOLDERS = { 'Node 20': 'bench/results', 'Node 24': 'bench/results/node-24' }
/** Folders of the guards in frameworks, and of the calls to the issuer. */
const CHAIN_FOLDERS = {
  'Node 20': 'bench/results',
  'Node 22': 'bench/results/node-22',
  'Node 24': 'bench/results/node-24',
  'Node 26': 'bench/results/node-26',
}

function resultOf(node: string, path: string): Result {
  const file = `${ROOT}${CHAIN_FOLDERS[node as keyof typeof CHAIN_FOLDERS]}/${path}.json`
  return JSON.parse(readFileSync(file, 'utf8')) as Result
}

/** The figure in the results, written as the page writes it. */
function figure(
  node: string,
  path: string,
  table: string,
  where: Readonly<Record<string, string>>,
  key: string,
  digits: number,
): string {
  const rows = resultOf(node, path).tables.find(({ id }) => id === table)!.rows
  const row = rows.find((one) => Object.entries(where).every(([name, value]) => String(one[name]) === value))!
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  return (row[key] as number).toLocaleString('en-US', options)
}

type Cells = Readonly<Record<string, string>>

/** For each section of the page: the heading of its table, and where the figure under another heading comes from. */
const sections: Readonly<Record<string, readonly [string, (row: Cells, heading: string) => string]>> = {
  'A cached token': [
    'verifier',
    ({ verifier }, heading) => {
      const [algorithm = '', node = ''] = heading.split(', ')
      return figure(node, 'known', `${algorithm}, 1,000 tokens, sequential`, { name: verifier! }, 'cpu', 2)
    },
  ],
  'A new token': [
    'verifier',
    ({ verifier }, heading) => {
      const [algorithm = '', node = ''] = heading.split(', ')
      return figure(node, 'new', `${algorithm}, sequential`, { name: verifier! }, 'cpu', 1)
    },
  ],
  'A guard in a framework': [
    'guard',
    ({ framework, guard }, heading) => {
      const [what, node = ''] = heading.split(', ')
      const where = { framework: framework!, guard: guard!, tokens: '1' }
      return figure(node, 'chain', 'chain', where, what === 'ns' ? 'added' : 'bytes', 0)
    },
  ],
  'Growth and size': [
    'what grows',
    (row, heading) => {
      const where = { kind: row['what grows']!, size: row['to']!.replace(',', '') }
      return heading === 'to'
        ? row['to']!
        : figure(heading.split(', ')[1]!, 'growth', 'growth', where, 'growth', 2)
    },
  ],
  'The event loop under a storm': [
    'verifier',
    (row, heading) => {
      const where = { what: row['new tokens']!, load: row['how many']!, name: row['verifier']! }
      return figure(heading.split(', ')[1]!, 'loop', 'storm', where, 'delay', 2)
    },
  ],
  'Issuers whose name server does not respond': [
    'measured',
    ({ measured, verifier, 'calls for': need }, heading) => {
      const [, which, node = ''] = heading.split(', ')
      const where = {
        what: measured!,
        verifier: verifier!,
        need: need!,
        hanging: which === '3 hang' ? '3' : '0',
      }
      return figure(node, 'hanging', 'hanging', where, 'p99', 1)
    },
  ],
}

describe('docs/benchmarks.md', () => {
  const page = readPaper('docs/benchmarks.md')

  it.each(Object.entries(sections))('%s: shows the recorded figures', (title, [first, of]) => {
    const rows = rowsOf(sectionOf(page, title), first)
    expect(rows.length).toBeGreaterThan(3)
    for (const row of rows) {
      const headings = Object.keys(row).filter((heading) => /Node|^to$/.test(heading))
      expect(headings.length).toBeGreaterThan(1)
      for (const heading of headings) expect({ ...row, [heading]: of(row, heading) }).toEqual(row)
    }
  })

  it('shows the recorded import times and sizes', () => {
    const rows = rowsOf(sectionOf(page, 'Growth and size'), 'packages')
    expect(rows.length).toBeGreaterThan(3)
    for (const row of rows) {
      const of = (node: string, key: string, digits: number) =>
        figure(node, 'growth', 'weight', { name: row['packages']! }, key, digits)
      expect(row).toEqual({
        packages: row['packages'],
        'import ms, Node 20': of('Node 20', 'importMs', 1),
        'import ms, Node 24': of('Node 24', 'importMs', 1),
        MB: of('Node 20', 'megabytes', 2),
      })
    }
  })

  it('shows the recorded ratios to a bare lookup', () => {
    const rows = rowsOf(sectionOf(page, 'A guard in a framework'), 'relative to sha256 + Map.get')
    expect(rows).toHaveLength(6)
    const columns = {
      'one token': ['m2m-guard', '1'],
      '1,000 tokens': ['m2m-guard', '1000'],
      'with requireScopes': ['m2m-guard + requireScopes', '1'],
      'with onDecision': ['m2m-guard + onDecision', '1'],
    }
    for (const row of rows) {
      const framework = row['relative to sha256 + Map.get']!
      for (const [heading, [guard, tokens]] of Object.entries(columns)) {
        const recorded = figure(
          'Node 24',
          'chain',
          'chain',
          { framework, guard: guard!, tokens: tokens! },
          'ratio',
          2,
        )
        expect([framework, heading, row[heading]]).toEqual([framework, heading, recorded])
      }
    }
  })

  it('has the same rows of guards in frameworks on every version of Node', () => {
    for (const path of ['chain', 'first', 'remote']) {
      const rowsOn = (node: string) =>
        resultOf(node, path).tables.flatMap(({ rows }) =>
          rows.map(({ framework, guard, name, tokens }) => [framework, guard, name, tokens]),
        )
      for (const node of Object.keys(CHAIN_FOLDERS))
        expect([node, rowsOn(node)]).toEqual([node, rowsOn('Node 20')])
    }
    const tokens = (path: string) =>
      resultOf('Node 20', path).tables.flatMap(({ rows }) => rows.map((row) => row['tokens']))
    // More tokens than are cached are measured in one framework only, by another path.
    expect([new Set(tokens('chain')), new Set(tokens('first'))]).toEqual([
      new Set([1, 1000]),
      new Set([1200]),
    ])
  })

  it('counts the goals that are met', () => {
    const rows = rowsOf(page, 'goals met')
    expect(rows.map((row) => row['goals met'])).toEqual(
      expect.arrayContaining(Object.keys({ ...FOLDERS, ...CHAIN_FOLDERS })),
    )
    for (const { 'goals met': node, ...counts } of rows) {
      for (const [path, count] of Object.entries(counts)) {
        if (count === '–') continue
        const { goals } = resultOf(node!, path)
        expect([node, path, count]).toEqual([
          node,
          path,
          `${goals.filter(({ met }) => met).length} of ${goals.length}`,
        ])
      }
    }
  })

  it('names no quick run', () => {
    for (const node of Object.keys(FOLDERS))
      for (const path of ['known', 'new', 'growth', 'loop'])
        expect([path, resultOf(node, path).quick]).toEqual([path, false])
    for (const path of ['fleet', 'hanging'])
      expect([path, resultOf('Node 20', path).quick]).toEqual([path, false])
    for (const node of Object.keys(CHAIN_FOLDERS))
      for (const path of ['chain', 'first', 'remote'])
        expect([path, resultOf(node, path).quick]).toEqual([path, false])
  })
})

it('docs/guide/fleet.md shows the recorded figures of several processes', () => {
  const section = sectionOf(readPaper('docs/guide/fleet.md'), 'Figures')
  const { tables } = resultOf('Node 20', 'fleet')
  expect(tables.length).toBeGreaterThan(3)
  for (const { columns, rows } of tables) {
    const shown = rows.map((row) =>
      Object.fromEntries(columns.map(({ key, label, digits }) => [label, formatCell(row[key], digits)])),
    )
    expect(rowsOf(section, columns[0]!.label)).toEqual(shown)
  }
})

it('the page of results and the charts are generated from the recorded results', async () => {
  const files = await generated()
  expect(Object.keys(files).length).toBeGreaterThan(3)
  for (const [file, text] of Object.entries(files))
    expect([relative(ROOT, file), readFileSync(file, 'utf8') === text]).toEqual([relative(ROOT, file), true])
})
