import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { Refusal, type RefusalReason } from '../../../src/index.js'
import { codeIn, readPaper, ROOT, rowsOf, sectionOf } from './programs/support.js'

/** Reasons in the code: the names in the table of responses. */
function reasonsInCode(): readonly RefusalReason[] {
  const text = readFileSync(`${ROOT}src/model/refusal/reasons.ts`, 'utf8')
  const source = ts.createSourceFile('reasons.ts', text, ts.ScriptTarget.ES2022)
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

/** Whether a line of the sources, other than the table itself, uses the reason. */
function isGiven(reason: RefusalReason): boolean {
  return ts.sys
    .readDirectory(`${ROOT}src`, ['.ts'])
    .filter((path) => !path.endsWith('/reasons.ts'))
    .some((path) => codeOf(readFileSync(path, 'utf8')).includes(`'${reason}'`))
}

const text = readPaper('docs/reference/errors.md')
const rows = rowsOf(text, 'reason')
const documented = rows.map((row) => codeIn(row['reason']) as RefusalReason)

describe('docs/reference/errors.md', () => {
  it('lists every reason of the code once, and no other', () => {
    expect([...documented].sort()).toEqual([...reasonsInCode()].sort())
  })

  it.each(rows.map((row) => [codeIn(row['reason']), row] as const))(
    '%s: status, error and description are those of the code',
    (reason, row) => {
      const refusal = new Refusal(reason as RefusalReason)
      const error = refusal.error === undefined ? '–' : `\`${refusal.error}\``
      expect([row['status'], row['error'], row['error_description']]).toEqual([
        String(refusal.status),
        error,
        refusal.description,
      ])
    },
  )

  it.each(rows.map((row) => [codeIn(row['reason']), row] as const))(
    '%s: has a meaning and a remedy',
    (_, row) => {
      expect(row['what it means']).toMatch(/\S/)
      expect(row['what to do']).toMatch(/\S/)
    },
  )

  it('lists as not given by this version exactly the reasons that the sources do not use', () => {
    const section = rowsOf(sectionOf(text, 'Not given by this version'), 'reason')
    const notGiven = section.map((row) => codeIn(row['reason']))
    expect(notGiven.sort()).toEqual(
      reasonsInCode()
        .filter((reason) => !isGiven(reason))
        .sort(),
    )
  })

  it('has the generic description for every reason of unauthenticated tokens', () => {
    const section = sectionOf(text, 'Invalid, unauthenticated tokens')
    const descriptions = rowsOf(section, 'reason').map((row) => row['error_description'])
    expect(new Set(descriptions)).toEqual(new Set([new Refusal('token_missing').description]))
  })
})

/** The lines that are not part of a comment, because an example may create any refusal. */
function codeOf(source: string): string {
  return source.replace(/^ *(?:\/?\*|\/\/).*$/gm, '')
}
