import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = readFileSync('SECURITY.md', 'utf8')
const guarantees = page.slice(page.indexOf('## What is guaranteed'), page.indexOf('## What is your part'))

/** The rows of both tables, without their headings. */
const rows = guarantees
  .split('\n')
  .filter((line) => line.startsWith('|') && !/^\|\s*(?:-|guarantee|rule)/.test(line))

describe('SECURITY.md', () => {
  it('states each guarantee as a row', () => {
    expect(rows.length).toBeGreaterThan(20)
  })

  it.each(rows.map((row) => [row.slice(2, 80).trim(), row]))(
    'names the tests that prove it: %s',
    (_, row) => {
      const [, , proof = ''] = row.split(' | ').length > 2 ? row.split(' | ') : ['', ...row.split(' | ')]
      const files = [...proof.matchAll(/`(test\/[^`]+\.test\.ts)`(?: \("([^"]+)"\))?/g)]
      expect(files.length).toBeGreaterThan(0)
      for (const [, path = '', title] of files) {
        expect(existsSync(path), path).toBe(true)
        if (title !== undefined) expect(readFileSync(path, 'utf8'), path).toContain(title)
      }
    },
  )

  it('names no test that does not exist', () => {
    for (const [, path = ''] of page.matchAll(/`(test\/[^`]+)`/g)) expect(existsSync(path), path).toBe(true)
  })
})
