import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect, it } from 'vitest'
import { PAPERS, readPaper, ROOT } from './programs/support.js'

/** A page without its code, in which nothing is a link or a heading. */
function proseOf(paper: string): string {
  return readPaper(paper)
    .replace(/^```[^]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ' '))
}

interface Link {
  readonly page: string
  readonly target: string
}

const links: readonly Link[] = PAPERS.flatMap((page) =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
)

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(paper: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, title = ''] of readPaper(paper)
    .replace(/^```[^]*?^```$/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = title
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-')
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

it('the documentation contains links', () => {
  expect(links.length).toBeGreaterThan(20)
})

it.each(links)('$page: $target exists', ({ page, target }) => {
  if (/^[a-z]+:/.test(target)) {
    expect(target).toMatch(/^https:\/\/[a-z.]+\.[a-z]+\//)
    return
  }
  const [path = '', anchor] = target.split('#', 2)
  const file = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path))
  expect(file.startsWith('..')).toBe(false)
  expect(existsSync(ROOT + file)).toBe(true)
  if (anchor !== undefined) expect([...anchorsOf(file)]).toContain(anchor)
})

/** The tarball has docs, but neither bench nor test nor examples. */
it('what the pages in docs link to, and the images of the README, is published', () => {
  const { files } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { readonly files: string[] }
  const isPublished = (file: string): boolean =>
    files.some((name) => file === name || file.startsWith(`${name}/`))
  const local = links.filter(({ target }) => !/^(?:[a-z]+:|#)/.test(target))
  const shipped = local.filter(({ page, target }) => page.startsWith('docs/') || target.endsWith('.svg'))
  expect(shipped.length).toBeGreaterThan(20)
  for (const { page, target } of shipped) {
    const file = join(dirname(page), target.replace(/#.*$/, ''))
    expect([page, target, isPublished(file)]).toEqual([page, target, true])
  }
})
