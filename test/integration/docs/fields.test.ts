import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { CHANNELS } from '../../../src/index.js'
import { codeIn, readPaper, ROOT, rowsOf, sectionOf } from './programs/support.js'

/** The members that an interface in the sources declares itself, in order. */
function membersOf(file: string, name: string): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(ROOT + file, 'utf8'), ts.ScriptTarget.ES2022)
  const found = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  )
  if (found === undefined) throw new Error(`${file} has no interface ${name}`)
  return found.members.map((member) => member.name?.getText(source) ?? '')
}

const documented = (page: string, section: string): readonly string[] =>
  rowsOf(sectionOf(readPaper(page), section), 'field').map(({ field }) => codeIn(field))

describe('a table of fields names every field the code has, and no other', () => {
  it('docs/reference/events.md: decisions', () => {
    const fields = membersOf('src/model/decision.ts', 'DecisionEvent')
    expect([...documented('docs/reference/events.md', 'Decisions')].sort()).toEqual([...fields].sort())
  })

  it('docs/reference/events.md: changes at issuers', () => {
    const fields = membersOf('src/model/issuer/issuer-events.ts', 'IssuerEvent')
    expect([...documented('docs/reference/events.md', 'Changes at issuers')].sort()).toEqual(
      [...fields].sort(),
    )
  })

  it('docs/reference/events.md: revocations', () => {
    const fields = membersOf('src/model/revocation.ts', 'RevocationEvent')
    expect([...documented('docs/reference/events.md', 'Revocations')].sort()).toEqual([...fields].sort())
    const rows = rowsOf(sectionOf(readPaper('docs/reference/events.md'), 'Revocations'), '`kind`')
    const kinds = rows.flatMap((row) => [...row['`kind`']!.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
    const source = readFileSync(`${ROOT}src/model/revocation.ts`, 'utf8')
    const declared =
      /export type RevocationEventKind =([^]*?)\n\n/.exec(source)?.[1]?.matchAll(/'(\w+)'/g) ?? []
    expect(kinds.sort()).toEqual([...declared].map(([, name]) => name).sort())
  })

  it('docs/reference/events.md: the kinds of changes', () => {
    const rows = rowsOf(sectionOf(readPaper('docs/reference/events.md'), 'Changes at issuers'), '`kind`')
    const kinds = rows.flatMap((row) => [...row['`kind`']!.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
    const declared = readFileSync(`${ROOT}src/model/issuer/issuer-events.ts`, 'utf8').matchAll(
      /^ {2}\| '(\w+)'$/gm,
    )
    expect(kinds.sort()).toEqual([...declared].map(([, name = '']) => name).sort())
  })

  it.each([
    ['IssuerCall', 'field'],
    ['IssuerCallResult', 'result'],
  ])('docs/reference/events.md: calls to issuers, %s', (name, heading) => {
    const rows = rowsOf(sectionOf(readPaper('docs/reference/events.md'), 'Calls to issuers'), heading)
    const fields = membersOf('src/model/issuer/issuer-calls.ts', name)
    expect(rows.map((row) => codeIn(row[heading])).sort()).toEqual([...fields].sort())
  })

  it('docs/reference/events.md: the channels and their messages', () => {
    const section = sectionOf(readPaper('docs/reference/events.md'), 'Channels for monitoring agents')
    const rows = rowsOf(section, 'channel').map((row) => [codeIn(row['`CHANNELS`']), codeIn(row['channel'])])
    expect(Object.fromEntries(rows)).toEqual(CHANNELS)
  })

  it('docs/reference/health.md', () => {
    const keys = [...membersOf('src/model/issuer/health.ts', 'DocumentHealth'), 'count']
    const remote = membersOf('src/introspection/introspector.ts', 'RemoteHealth')
    const fields = [
      ...membersOf('src/verifier/readiness.ts', 'VerifierHealth'),
      ...membersOf('src/verifier/connection/issuer-health.ts', 'IssuerHealth').map(
        (name) => `issuers.${name}`,
      ),
      ...keys.map((name) => `keys.${name}`),
      ...remote.map((name) => `remote.${name}`),
      ...membersOf('src/model/issuer/health.ts', 'TenantsHealth').map((name) => `tenants.${name}`),
      ...membersOf('src/revocation/revocations.ts', 'RevocationsHealth').map((name) => `revocations.${name}`),
      ...membersOf('src/store/guarded-store.ts', 'StoreHealth').map((name) => `answers.${name}`),
      ...membersOf('src/model/issuer/health.ts', 'TenantFailure').map((name) => `failures.${name}`),
      ...membersOf('src/verifier/token-cache.ts', 'CacheHealth').map((name) => `cache.${name}`),
      ...membersOf('src/verifier/token-cache.ts', 'CacheSize').map((name) => `cache.*.${name}`),
    ]
    expect([...documented('docs/reference/health.md', 'Health')].sort()).toEqual(fields.sort())
  })
})
