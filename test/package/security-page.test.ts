import { existsSync, readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const page = readFileSync('SECURITY.md', 'utf8')
const guarantees = page.slice(page.indexOf('## What is guaranteed'), page.indexOf('## What is your part'))

/** The items of the section's lists, each in one line. */
const items = guarantees
  .split(/\n(?=- |\n|#)/)
  .filter((text) => text.startsWith('- '))
  .map((text) => text.slice(2).replace(/\s+/g, ' '))

/** What an item names as its proof: files, each with the titles of tests in it. */
function proofsOf(item: string): readonly { readonly path: string; readonly titles: readonly string[] }[] {
  const [, proof = ''] = item.split(/ Proved by (?=`test\/)/)
  return [...proof.matchAll(/`(test\/[^`]+)`((?:[:,]? "[^"]+")*)/g)].map(([, path = '', titles = '']) => ({
    path,
    titles: [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }))
}

interface Names {
  /** Of tests and of their groups, as written: with `%s` and `$name` where a table fills them in. */
  readonly titles: ReadonlySet<string>
  readonly strings: ReadonlySet<string>
}

function namesIn(path: string): Names {
  const titles = new Set<string>()
  const strings = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) strings.add(node.text)
    if (ts.isCallExpression(node) && /^(?:it|test|describe)$/.test(rootOf(node))) {
      const [title] = node.arguments
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.add(title.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest))
  return { titles, strings }
}

/** `it` of `it.each(...)('...')`. */
function rootOf(node: ts.Expression): string {
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) return rootOf(node.expression)
  return ts.isIdentifier(node) ? node.text : ''
}

/** Whether a test or a group has the title: as written, or with strings of its file in place of `%s` and `$name`. */
function hasTitle({ titles, strings }: Names, wanted: string): boolean {
  if (titles.has(wanted)) return true
  return [...titles].some((title) => {
    const parts = title.split(/%[sijdo]|\$\w+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    const filled = parts.length > 1 && new RegExp(`^${parts.join('(.+)')}$`).exec(wanted)
    return filled !== null && filled !== false && filled.slice(1).every((part) => strings.has(part))
  })
}

describe('SECURITY.md', () => {
  it('states each guarantee as an item that starts with the promise', () => {
    expect(items.length).toBeGreaterThan(35)
    for (const item of items) expect(item).toMatch(/^\*\*[^*]+\.\*\* /)
  })

  it.each(items.map((item) => [item.slice(0, 70), item]))(
    'names tests that prove it, by file and title: %s',
    (_, item) => {
      const proofs = proofsOf(item)
      expect(proofs).not.toEqual([])
      for (const { path, titles } of proofs) {
        expect(path).toMatch(/\.test\.ts$/)
        expect(existsSync(path), path).toBe(true)
        expect(titles, `${path} without a title`).not.toEqual([])
        const names = namesIn(path)
        expect(titles.filter((title) => !hasTitle(names, title))).toEqual([])
      }
    },
  )

  it.each([
    ['a title', 'as written', true],
    ['%s of %s', 'one of two', true],
    ['%s of %s', 'three of two', false],
    ['a title', 'a', false],
  ])('where %j is the title of a test, %j is named: %s', (title, wanted, expected) => {
    const names = { titles: new Set([title, 'as written']), strings: new Set(['one', 'two']) }
    expect(hasTitle(names, wanted)).toBe(expected)
  })
})
