import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'
import { EXCEPTIONS, PENDING, RULES } from './support/wording-rules.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** A piece of prose and where it starts. */
interface Prose {
  readonly at: number
  readonly text: string
}

const isText = (node: ts.Node): node is ts.StringLiteral | ts.TemplateLiteralLikeNode =>
  ts.isStringLiteral(node) || ts.isTemplateLiteralToken(node)

/** A node and everything below it. */
function nodesOf(node: ts.Node, found: ts.Node[] = []): readonly ts.Node[] {
  found.push(node)
  ts.forEachChild(node, (child) => {
    nodesOf(child, found)
  })
  return found
}

/** The string literals below a node. One without a space is an identifier, a key or a path. */
function literalsIn(node: ts.Node): readonly Prose[] {
  return nodesOf(node)
    .filter(isText)
    .filter(({ text }) => /\s/.test(text.trim()))
    .map((literal) => ({ at: literal.getStart(), text: literal.text }))
}

/** Comments: what looks like one outside of strings and regular expressions. */
function commentsIn(file: ts.SourceFile): readonly Prose[] {
  let code = ''
  for (const node of nodesOf(file)) {
    if (!isText(node) && !ts.isRegularExpressionLiteral(node)) continue
    const start = node.getStart()
    code += file.text.slice(code.length, start) + ' '.repeat(node.end - start)
  }
  code += file.text.slice(code.length)
  return [...code.matchAll(/\/\*[\s\S]*?\*\/|\/\/.*/g)].map(({ index, 0: text }) => ({ at: index, text }))
}

/** What `it`, `test` and `describe` are called with first. */
function testNamesIn(file: ts.SourceFile): readonly Prose[] {
  return nodesOf(file)
    .filter((node) => ts.isCallExpression(node))
    .filter(({ expression }) => /^(?:it|test|describe)\b/.test(expression.getText()))
    .flatMap(({ arguments: [name] }) => (name === undefined ? [] : literalsIn(name)))
}

/** The prose of Markdown: everything but code, of which the comments remain. */
function markdownIn(text: string): readonly Prose[] {
  const prose = text.replace(/^```\w*\n([\s\S]*?)^```/gm, (block) =>
    block.replace(/^(?!.*\/\/).*$|^.*?(?=\/\/)/gm, (code) => ' '.repeat(code.length)),
  )
  return [{ at: 0, text: prose }]
}

function proseIn(path: string): { readonly source: string; readonly prose: readonly Prose[] } {
  const source = readFileSync(ROOT + path, 'utf8')
  if (path.endsWith('.md')) return { source, prose: markdownIn(source) }
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true)
  const prose = path.startsWith('test/') ? testNamesIn(file) : [...commentsIn(file), ...literalsIn(file)]
  return { source, prose }
}

/** `path:line: word -> standard term` for every word of the old dialect. */
function hitsIn(path: string): readonly string[] {
  const { source, prose } = proseIn(path)
  const lineAt = (index: number): number => source.slice(0, index).split('\n').length
  const allowed = EXCEPTIONS.filter((exception) => path.startsWith(exception.in)).map(({ phrase }) => phrase)
  return prose.flatMap(({ at, text }) => {
    const withoutCode = text
      .replace(/`[^`\n]*`/g, (code) => ' '.repeat(code.length))
      .replace(/\n[ *]*/g, (gap) => ` ${' '.repeat(gap.length - 1)}`)
    const checked = allowed.reduce(
      (left, phrase) => left.replace(new RegExp(phrase, 'gi'), (found) => ' '.repeat(found.length)),
      withoutCode,
    )
    return RULES.flatMap(({ pattern, instead }) =>
      [...checked.matchAll(pattern)].map(
        ({ index, 0: word }) => `${path}:${lineAt(at + index)}: ${word.trim()} -> ${instead}`,
      ),
    )
  })
}

const PAGES = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
const FOLDERS = { src: '.ts', adapters: '.ts', examples: '.ts', docs: '.md', test: '.test.ts' }

const FILES = Object.entries(FOLDERS)
  .flatMap(([folder, ending]) =>
    readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
      .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
      // The API reference is generated from TSDoc, which is checked in the sources.
      .filter((path) => path.endsWith(ending) && !path.startsWith('docs/reference/api/')),
  )
  .concat(PAGES)
  .sort()

const isBelow = (path: string, entry: string): boolean => path === entry || path.startsWith(`${entry}/`)

it('comments, strings, docs and test names use the standard terms', () => {
  const done = FILES.filter((path) => !PENDING.some((entry) => isBelow(path, entry)))
  expect(done.flatMap(hitsIn)).toEqual([])
})

it('every exception is needed', () => {
  const isUsed = (exception: (typeof EXCEPTIONS)[number]): boolean =>
    FILES.some(
      (path) =>
        path.startsWith(exception.in) &&
        proseIn(path).prose.some(({ text }) =>
          new RegExp(exception.phrase, 'i').test(text.replace(/\n[ *]*/g, ' ')),
        ),
    )
  expect(EXCEPTIONS.filter((exception) => !isUsed(exception))).toEqual([])
})

it.each(PENDING.map((entry) => [entry]))('%s is pending because it still has a hit', (entry) => {
  expect(FILES.filter((path) => isBelow(path, entry)).flatMap(hitsIn)).not.toEqual([])
})
