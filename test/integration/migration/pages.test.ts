import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readPaper, ROOT, rowsOf, sectionOf } from '../docs/programs/support.js'
import { readOldOptions } from './old-options.js'
import type { Answer } from './requests.js'
import { compare, type Comparison } from './side-by-side.js'

const oldOptions = readOldOptions()
const pages = [...oldOptions.keys()]

const comparisons = new Map<string, Promise<readonly Comparison[]>>()

/** Several tests read one comparison. */
function comparisonOf(page: string): Promise<readonly Comparison[]> {
  const comparison = comparisons.get(page) ?? compare(`docs/migration/${page}.md`)
  comparisons.set(page, comparison)
  return comparison
}

const pageOf = (page: string): string => readPaper(`docs/migration/${page}.md`)
const responsesOf = (page: string): string => sectionOf(pageOf(page), 'What changes in responses')

/** In the words of the tables: without the sentence, which tells no two causes apart, and a list of algorithms. */
function challengeCell({ challenge }: Answer): string {
  if (challenge === undefined) return '–'
  return `\`${challenge.replace(/, error_description="[^"]*"/, '').replace(/algs="[^"]*"/, 'algs="…"')}\``
}

const answerCell = ({ status, type }: Answer): string =>
  type === undefined ? `${status}` : `${status}, ${type}`

const rowOf = ({ request, before, after, reason }: Comparison): Readonly<Record<string, string>> => ({
  request,
  before: answerCell(before),
  after: answerCell(after),
  'reason in the log': reason === undefined ? '–' : `\`${reason}\``,
  'challenge before': challengeCell(before),
  'challenge after': challengeCell(after),
})

it('every page is linked from the index, and says which versions it is about', () => {
  const files = readdirSync(`${ROOT}docs/migration`).filter((name) => name !== 'README.md')
  expect(files.sort()).toEqual(pages.map((page) => `${page}.md`).sort())
  const { devDependencies } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const rows = rowsOf(readPaper('docs/migration/README.md'), 'from')
  expect(rows.map((row) => /\((.+)\)/.exec(row['page']!)?.[1]).sort()).toEqual(files)
  for (const row of rows) {
    const [, page = ''] = /\((.+)\)/.exec(row['page']!)!
    for (const [name = '', version] of row['from']!.split(', ').map((part) => part.split(' '))) {
      expect([name, version]).toEqual([name, devDependencies[name]])
      expect(readPaper(`docs/migration/${page}`)).toContain(`${name} ${version!}`)
    }
  }
})

describe.each(pages)('docs/migration/%s.md', (page) => {
  it('has a row for every option of the other library, and for nothing else', () => {
    for (const [section, names] of oldOptions.get(page)!) {
      const cells = rowsOf(sectionOf(pageOf(page), section), 'their option').map(
        (row) => row['their option']!,
      )
      const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
      expect([section, listed.sort()]).toEqual([section, [...names].sort()])
    }
  })

  it('the same requests get the responses of its table, before and after', async () => {
    const rows = (await comparisonOf(page)).map(rowOf)
    expect(rowsOf(responsesOf(page), 'request')).toEqual(rows)
  })

  it('names the requests that are accepted before and refused after', async () => {
    const comparison = await comparisonOf(page)
    const refusedNow = comparison.filter(({ before, after }) => before.status === 200 && after.status !== 200)
    const acceptedNow = comparison.filter(
      ({ before, after }) => before.status !== 200 && after.status === 200,
    )
    const names = refusedNow.map(({ request }) => request).join(', ')
    expect(responsesOf(page).replaceAll('\n', ' ')).toContain(`Accepted before, refused after: ${names}.`)
    expect(acceptedNow).toEqual([])
  })

  it('refusals are JSON and not stored after, and may be stored before', async () => {
    for (const { before, after, reason } of await comparisonOf(page)) {
      expect(before.cacheControl).toBe(undefined)
      if (reason === undefined) continue
      expect([after.type, after.cacheControl]).toEqual(['application/json', 'no-store'])
    }
  })

  it('a roll-out changes no response', async () => {
    for (const { request, before, rollOut } of await comparisonOf(page))
      expect([request, rollOut]).toEqual([request, before])
  })
})
