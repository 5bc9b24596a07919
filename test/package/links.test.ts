import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { packedTarball } from '../support/packed/packed-package.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

interface Manifest {
  readonly repository?: unknown
  readonly bugs?: unknown
  readonly homepage?: unknown
}

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest

/** The files of the tarball, as paths of this project. */
function shippedFiles(): readonly string[] {
  const printed = execFileSync('tar', ['-tzf', packedTarball()], { encoding: 'utf8' })
  return printed
    .trim()
    .split('\n')
    .map((path) => path.replace('package/', ''))
}

/**
 * Targets of the links in Markdown: inline links and images, reference definitions, autolinks and HTML attributes.
 * Code is left out, because nothing in it is a link.
 */
function linksOf(text: string): readonly string[] {
  const prose = text
    .replace(/^```[^]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[^\n]/g, 'x'))
  const patterns = [
    /\]\(\s*<?([^)\s>]+)/g,
    /^ {0,3}\[[^\]\n]+\]:\s*<?([^\s>]+)/gm,
    /<(https?:[^>\s]+)>/g,
    /\b(?:href|src)\s*=\s*["']?([^"'\s>]+)/g,
  ]
  return patterns.flatMap((pattern) => [...prose.matchAll(pattern)].map(([, target = '']) => target))
}

const files = shippedFiles()
const papers = files.filter((file) => file.endsWith('.md'))
const links = papers.flatMap((paper) =>
  linksOf(readFileSync(join(ROOT, paper), 'utf8')).map((target) => ({ paper, target })),
)
const relativeLinks = links.filter(({ target }) => !/^(?:[a-z][a-z\d+.-]*:|\/\/)/i.test(target))
const absoluteLinks = links.filter((link) => !relativeLinks.includes(link))

describe('the search for links', () => {
  it.each([
    ['[a](b.md)', ['b.md']],
    ['![a](charts/b.svg)', ['charts/b.svg']],
    ['[![a](b.svg)](c.md#d)', ['b.svg', 'c.md#d']],
    ['[a](<b.md> "title")', ['b.md']],
    ['[a][1]\n\n[1]: b.md', ['b.md']],
    ['<img src="a.svg"> <a href=b.md>b</a>', ['a.svg', 'b.md']],
    ['<https://example.com/a>', ['https://example.com/a']],
    ['[`a`](b.md)', ['b.md']],
    ['`[a](b.md)`', []],
    ['```md\n[a](b.md)\n```', []],
  ])('%s', (text, targets) => {
    expect(linksOf(text)).toEqual(targets)
  })
})

it('the tarball contains the documentation, and no file that is for contributors only', () => {
  expect(papers).toEqual(
    expect.arrayContaining(['README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/reference/options.md']),
  )
  expect(
    files.filter((file) => /^(?:CONTRIBUTING|CODE_OF_CONDUCT|\.|test|examples|bench|src)/.test(file)),
  ).toEqual([])
  expect(relativeLinks.length).toBeGreaterThan(20)
})

it('every relative link in the tarball leads to a file in the tarball', () => {
  const dead = relativeLinks.filter(({ paper, target }) => {
    const [path = ''] = target.split('#', 1)
    return path !== '' && !files.includes(posix.join(posix.dirname(paper), decodeURI(path)))
  })
  expect(dead).toEqual([])
})

it('no link in the tarball leads to a repository of the project, as long as package.json names none', () => {
  const { repository, bugs, homepage } = manifest
  if (repository === undefined) expect([bugs, homepage]).toEqual([undefined, undefined])
  const own = absoluteLinks.filter(({ target }) => /[/@]m2m-guard(?:[/#?.]|$)/.test(target))
  if (repository === undefined) expect(own).toEqual([])
})

it('every test that SECURITY.md names as a proof exists', () => {
  const named = [...readFileSync(join(ROOT, 'SECURITY.md'), 'utf8').matchAll(/`(test\/[^`]+)`/g)].map(
    ([, path = '']) => path,
  )
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})
