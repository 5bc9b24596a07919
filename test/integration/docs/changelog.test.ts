import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readPaper, ROOT, sectionOf } from './support.js'

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { readonly version: string }
const headings = [...readPaper('CHANGELOG.md').matchAll(/^## (\S+) - (.+)$/gm)].map(
  ([, release = '', date = '']) => ({ release, date }),
)

it('the newest entry of the changelog is the version of the package', () => {
  expect(headings[0]?.release).toBe(version)
})

it('every entry of the changelog has a date, or is not released yet', () => {
  for (const { date } of headings) expect(date).toMatch(/^(?:\d{4}-\d{2}-\d{2}|unreleased)$/)
})

it('the entry says what there is', () => {
  const text = readPaper('CHANGELOG.md')
  const [newest] = headings
  expect(sectionOf(text, `${version} - ${newest!.date}`)).toMatch(
    /^### (?:Added|Changed|Deprecated|Removed|Fixed|Security)$/m,
  )
})
