import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { Refusal, type RefusalReason } from '../../../src/index.js'
import { codeIn, readPaper, ROOT, rowsOf, sectionOf } from './support.js'

/** The reasons in the code: the names of the table that every response comes from. */
function reasonsInCode(): readonly RefusalReason[] {
  const text = readFileSync(`${ROOT}src/model/refusal-reasons.ts`, 'utf8')
  const source = ts.createSourceFile('refusal-reasons.ts', text, ts.ScriptTarget.ES2022)
  const reasons: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclaration(node) && (node.name as ts.Identifier).text === 'REFUSALS') {
      node.initializer?.forEachChild(collect)
    }
    node.forEachChild(visit)
  }
  const collect = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node)) reasons.push((node.name as ts.Identifier).text)
    else node.forEachChild(collect)
  }
  visit(source)
  return reasons as RefusalReason[]
}

/** Reasons that some line of the sources gives: all but those of the table itself. */
function isGiven(reason: RefusalReason): boolean {
  return ts.sys
    .readDirectory(`${ROOT}src`, ['.ts'])
    .filter((path) => !path.endsWith('/refusal.ts'))
    .some((path) => readFileSync(path, 'utf8').includes(`'${reason}'`))
}

const text = readPaper('docs/reference/errors.md')
const rows = rowsOf(text, 'reason')
const documented = rows.map((row) => codeIn(row['reason']) as RefusalReason)

describe('docs/reference/errors.md', () => {
  it('lists every reason of the code once, and no other', () => {
    expect([...documented].sort()).toEqual([...reasonsInCode()].sort())
  })

  it.each(rows.map((row) => [codeIn(row['reason']), row] as const))(
    '%s: status, error and sentence are those of the code',
    (reason, row) => {
      const refusal = new Refusal(reason as RefusalReason)
      const error = refusal.error === undefined ? '–' : `\`${refusal.error}\``
      expect([row['status'], row['error'], row['sentence']]).toEqual([
        String(refusal.status),
        error,
        refusal.description,
      ])
    },
  )

  it.each(rows.map((row) => [codeIn(row['reason']), row] as const))(
    '%s: says what it means and what to do',
    (_, row) => {
      expect(row['what it means']).toMatch(/\S/)
      expect(row['what to do']).toMatch(/\S/)
    },
  )

  it('names as not given by this version exactly the reasons no line of the sources gives', () => {
    const section = rowsOf(sectionOf(text, 'Not given by this version'), 'reason')
    const notGiven = section.map((row) => codeIn(row['reason']))
    expect(notGiven.sort()).toEqual(
      reasonsInCode()
        .filter((reason) => !isGiven(reason))
        .sort(),
    )
  })

  it('puts under "nothing has vouched for it" no reason that tells the caller more', () => {
    const section = sectionOf(text, 'The token is bad, and nothing has vouched for it')
    const sentences = rowsOf(section, 'reason').map((row) => row['sentence'])
    expect(new Set(sentences)).toEqual(new Set([new Refusal('token_missing').description]))
  })
})
