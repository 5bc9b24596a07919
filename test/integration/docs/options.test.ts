import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/index.js'
import { REMOTE_DEFAULTS } from '../../../src/introspection/options.js'
import { ASYMMETRIC_ALGORITHMS } from '../../../src/keys/jwk.js'
import { KEY_DEFAULTS } from '../../../src/keys/options.js'
import { parseDuration } from '../../../src/options/duration.js'
import type { Description } from '../../../src/options/reader.js'
import { readers, tables, type Options } from '../../support/option-tables.js'
import { testBed } from '../../support/test-bed.js'
import { codeIn, readPaper, rowsOf, sectionOf } from './programs/support.js'

const text = readPaper('docs/reference/options.md')
const rowsIn = (section: string) => rowsOf(sectionOf(text, section), 'option')
const namesIn = (section: string): readonly string[] => rowsIn(section).map((row) => codeIn(row['option']))

async function problemWith(section: string, given: Options): Promise<ConfigurationError | undefined> {
  try {
    await readers[section]!(given)
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
}

/** The options that the error for an unknown option lists. */
async function optionsInCode(section: string): Promise<readonly string[]> {
  const problem = await problemWith(section, { unknownOption: 1 })
  return /the options are (.+)$/.exec(problem?.message ?? '')?.[1]?.split(', ') ?? []
}

/** Options of every issuer that some issuers lack. */
const LACKING: Readonly<Record<string, readonly string[]>> = {
  clerk: ['clientClaims'],
  stytch: ['clientClaims', 'remote'],
}

describe('docs/reference/options.md', () => {
  const common = namesIn('Every issuer')

  it.each(Object.keys(readers))('%s: lists exactly the options of the code', async (section) => {
    const known = await optionsInCode(section)
    expect(known.length).toBeGreaterThan(0)
    const isIssuer = ['oauth', 'clerk', 'stytch', 'authlete'].includes(section)
    const shared = common.filter((name) => LACKING[section]?.includes(name) !== true)
    expect([...namesIn(section), ...(isIssuer ? shared : [])].sort()).toEqual([...known].sort())
  })

  it('has no other section with a table of options', () => {
    const sections = [...text.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title)
    expect(sections.filter((title) => rowsIn(title).length > 0).sort()).toEqual(
      [...Object.keys(readers), 'Every issuer'].sort(),
    )
  })

  it.each(
    Object.keys(readers).flatMap((section) =>
      rowsIn(section).map((row) => [section, codeIn(row['option']), row] as const),
    ),
  )('%s: %s is marked as required if and only if the code requires it', async (section, name, row) => {
    const problem = await problemWith(section, { [name]: undefined })
    // An option that restricts may be absent, but must not be undefined.
    const isRequired = problem !== undefined && !problem.message.includes('leave it out instead')
    expect(isRequired).toBe(row['default'] === 'required')
  })

  it.each(Object.keys(tables))('%s: lists the options that must not be undefined', (section) => {
    const row = rowsOf(sectionOf(text, 'Options that restrict'), 'of').find(({ of }) => plain(of) === section)
    const restricting = Object.entries(tables[section]!).filter(([, { isRestricting }]) => isRestricting)
    const expected = restricting.map(([name]) => name)
    const named = row === undefined ? [] : plain(row['must not be undefined']).split(', ')
    expect(named, `write | ${section} | ${expected.map((name) => `\`${name}\``).join(', ')} |`).toEqual(
      expected,
    )
  })
})

it('docs/reference/options.md lists every algorithm that can be configured', () => {
  const row = rowsIn('Every issuer').find(({ option }) => option === '`algorithms`')
  const named = /values: ([^.]+)\./.exec(row!['meaning']!)?.[1]?.split(', ')
  expect(named).toEqual(ASYMMETRIC_ALGORITHMS)
})

/** A cell without markup: no backticks, links as their label. */
function plain(cell = ''): string {
  return cell.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll('`', '')
}

function boundsOf({ bounds = '' }: Description): string {
  return typeof bounds === 'string' ? bounds : `${bounds.min} to ${bounds.max}`
}

/** The required beginning of the default cell; undefined if the page describes the default in words. */
function defaultOf({ default: value, isOptional, type }: Description): string | undefined {
  if (value === undefined) return isOptional ? undefined : 'required'
  if (Array.isArray(value)) return value.length > 2 ? undefined : value.join(', ')
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) return undefined
  const written = typeof value === 'string' ? value : JSON.stringify(value)
  return type.includes(`'${written}'`) ? `'${written}'` : written
}

describe('rows in docs/reference/options.md', () => {
  it('exist for every section', () => {
    expect(Object.keys(tables).sort()).toEqual([...Object.keys(readers), 'Every issuer'].sort())
  })

  it.each(
    Object.entries(tables).flatMap(([section, table]) =>
      Object.entries(table).map(([name, reader]) => [section, name, reader.describe] as const),
    ),
  )('%s: %s has the type, the bounds and the default of the code', (section, name, describe) => {
    const found = rowsIn(section).find((one) => one['option'] === `\`${name}\``)
    const row = {
      type: plain(found?.['type']),
      bounds: plain(found?.['bounds']),
      default: plain(found?.['default']),
    }
    const start = defaultOf(describe) ?? row.default
    const expected = { type: describe.type, bounds: boundsOf(describe), default: start }
    const hint = `write | \`${name}\` | ${expected.type} | ${expected.bounds} | ${expected.default} | ... |`
    expect({ ...row, default: row.default.slice(0, start.length) }, hint).toEqual(expected)
    expect(row.default, hint).not.toBe('')
  })
})

describe('bounds in docs/reference/options.md', () => {
  const bounded = ['createVerifier', 'cache', 'policy', 'keys', 'remote'].flatMap((section) =>
    rowsIn(section)
      .filter((row) => row['type'] === 'Duration' || row['type'] === 'integer')
      .map((row) => [section, codeIn(row['option']), row] as const),
  )

  it('exist for every duration and every integer', () => {
    expect(bounded.length).toBe(2 + 3 + 4 + 8 + 8)
  })

  it.each(bounded)(
    '%s: %s accepts its minimum and its maximum, and refuses values beyond them',
    async (section, name, row) => {
      const isDuration = row['type'] === 'Duration'
      const [least = Number.NaN, most = Number.NaN] = row['bounds']!.split(' to ').map((bound) =>
        valueOf(section, bound, isDuration),
      )
      for (const value of [least, most]) expect(await problemWith(section, { [name]: value })).toBeUndefined()
      const step = isDuration ? 0.001 : 1
      for (const value of [least - step, most + 1])
        expect(await problemWith(section, { [name]: value })).toBeInstanceOf(ConfigurationError)
    },
  )
})

/** A bound: a number, a duration, or the default of another option of the section. */
function valueOf(section: string, bound: string, isDuration: boolean): number {
  if (!isDuration) return Number(bound)
  const word = codeIn(bound)
  const other = rowsIn(section).find((row) => row['option'] === bound)
  return parseDuration('bound', other === undefined ? word : codeIn(other['default']))
}

describe('defaults in docs/reference/options.md', () => {
  it.each([
    ['keys', KEY_DEFAULTS],
    ['remote', REMOTE_DEFAULTS],
  ])('are those of the code: %s', (section, numbers) => {
    const withDefault = rowsIn(section).filter((row) => row['default'] !== 'none')
    const documented = withDefault.map((row) => [
      codeIn(row['option']),
      valueOf(section, row['default']!, row['type'] === 'Duration'),
    ])
    expect(Object.fromEntries(documented)).toEqual(numbers)
  })

  describe('of the clock tolerance', () => {
    it.each([
      ['less than the tolerance', -0.5, 'accepted'],
      ['exactly the tolerance', 0, 'token_expired'],
    ])('a token that expired %s ago', async (_, more, expected) => {
      const row = rowsIn('createVerifier').find(({ option }) => option === '`clockTolerance`')
      const tolerance = parseDuration('default', codeIn(row!['default']))
      const { outcome, jwt } = await testBed()
      expect(await outcome(jwt({ expiresIn: -(tolerance + more), age: '1h' }))).toBe(expected)
    })
  })
})
