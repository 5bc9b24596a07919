import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readPaper, ROOT, sectionOf } from './programs/support.js'

const { version } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { readonly version: string }
const text = readPaper('CHANGELOG.md')
const entries = [...text.matchAll(/^## (.+)$/gm)].map(([, title = '']) => {
  const [release = '', date = ''] = title.split(' - ', 2)
  return { title, release, date }
})

it('the newest entry of the changelog is the version of the package', () => {
  expect(entries[0]?.release).toBe(version)
})

it('no version has two entries', () => {
  const releases = entries.map(({ release }) => release)
  expect(new Set(releases).size).toBe(releases.length)
})

describe.each(entries)('the entry $title', ({ title, date }) => {
  const section = sectionOf(text, title)

  it('has a date, or is not released yet', () => {
    expect(date).toMatch(/^(?:\d{4}-\d{2}-\d{2}|unreleased)$/)
  })

  it('groups its changes as Keep a Changelog does, and no group is empty', () => {
    const groups = section.split(/^### /m).slice(1)
    expect(groups.length).toBeGreaterThan(0)
    for (const group of groups) {
      expect(group).toMatch(/^(?:Added|Changed|Deprecated|Removed|Fixed|Security)\n/)
      expect(group).toMatch(/^- /m)
    }
  })

  it('describes each change in sentences', () => {
    const changes = section
      .split(/^- /m)
      .slice(1)
      .map((change) => change.split('\n\n', 1)[0]!.trim())
    for (const change of changes) expect(change).toMatch(/^[A-Z`][^]*\.$/)
  })

  it('names no file of the source, because a user does not have it', () => {
    expect(section).not.toMatch(/`(?:src|adapters|test|scripts|bench)\//)
  })
})
