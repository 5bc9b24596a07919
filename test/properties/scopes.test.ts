import fc from 'fast-check'
import { expect, test } from 'vitest'
import { allOf, anyOf, type ScopeDemand, type ScopeMatcher } from '../../src/index.js'
import { stytchScope } from '../../src/providers/stytch/stytch.js'
import {
  compileScopes,
  exactScope,
  mentionedScopes,
  scopesSatisfy,
  wildcardScope,
} from '../../src/model/scopes.js'
import { runs } from './support.js'

const LETTERS = ['a', 'b', 'c', 'd']

/** A scope requirement, and its meaning as a formula over the granted letters. */
interface Formula {
  readonly demand: ScopeDemand
  readonly holds: (granted: ReadonlySet<string>) => boolean
  readonly letters: readonly string[]
}

const letter = fc.constantFrom(...LETTERS)

function every(parts: readonly Formula[]): Pick<Formula, 'holds' | 'letters'> {
  return {
    holds: (granted) => !parts.some((part) => !part.holds(granted)),
    letters: parts.flatMap((part) => part.letters),
  }
}

function atom(name: string): Formula {
  return { demand: name, holds: (granted) => granted.has(name), letters: [name] }
}

const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    letter.map(atom),
    fc
      .tuple(
        fc.array(letter, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(' ', '  '),
        fc.constantFrom('', ' '),
      )
      .map(([names, gap, edge]) => ({ ...every(names.map(atom)), demand: edge + names.join(gap) + edge })),
    fc.array(tie('formula'), { minLength: 1, maxLength: 4 }).chain((parts) =>
      fc.constantFrom<Formula>(
        { ...every(parts), demand: allOf(...parts.map((part) => part.demand)) },
        { ...every(parts), demand: parts.map((part) => part.demand) as readonly string[] },
        {
          demand: anyOf(...parts.map((part) => part.demand)),
          holds: (granted) => parts.some((part) => part.holds(granted)),
          letters: parts.flatMap((part) => part.letters),
        },
      ),
    ),
  ),
}))

const SUBSETS = Array.from({ length: 2 ** LETTERS.length }, (_, bits) =>
  LETTERS.filter((_letter, index) => (bits >> index) & 1),
)

test('a scope requirement is satisfied in exactly the rows of its truth table', () => {
  fc.assert(
    fc.property(formula, ({ demand, holds }) => {
      const rule = compileScopes('scopes', demand)
      for (const granted of SUBSETS) {
        expect(scopesSatisfy(rule, granted, exactScope), `granted: ${granted.join(' ')}`).toBe(
          holds(new Set(granted)),
        )
      }
    }),
    runs(1500),
  )
})

test('a challenge names every scope of a requirement without duplicates', () => {
  fc.assert(
    fc.property(formula, ({ demand, letters }) => {
      expect(mentionedScopes(compileScopes('scopes', demand))).toEqual([...new Set(letters)])
    }),
    runs(1000),
  )
})

const scopeText = fc
  .array(fc.constantFrom('a', 'b', 'read', '*', '', '**'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(':'))
  .filter((text) => text !== '')

const MATCHERS: readonly (readonly [string, ScopeMatcher])[] = [
  ['exact', exactScope],
  ['wildcard', wildcardScope],
  ['Stytch', stytchScope],
]

test.each(MATCHERS)('a further granted scope never removes a permission: %s', (_name, matches) => {
  fc.assert(
    fc.property(
      fc.array(scopeText),
      scopeText,
      fc.array(scopeText, { minLength: 1 }),
      (granted, further, required) => {
        const rule = anyOf(allOf(...required), ...required.slice(1))
        if (scopesSatisfy(rule, granted, matches)) {
          expect(scopesSatisfy(rule, [...granted, further], matches)).toBe(true)
          expect(scopesSatisfy(rule, [further, ...granted], matches)).toBe(true)
        }
      },
    ),
    runs(2000),
  )
})

/** The documented rule as an expression: `*` matches one part, at the end one or more; only `*` matches itself. */
function wildcardExpression(granted: string): RegExp {
  const parts = granted.split(':')
  const sources = parts.map((part, index) => {
    if (part !== '*' || parts.length === 1) return part.replaceAll('*', '\\*')
    return index === parts.length - 1 ? '[^:]+(?::[^:]*)*' : '[^:]+'
  })
  return new RegExp(`^${sources.join(':')}$`)
}

test('wildcard matching equals the documented expression', () => {
  fc.assert(
    fc.property(scopeText, scopeText, (granted, required) => {
      const isMatch = granted === required || wildcardExpression(granted).test(required)
      expect(wildcardScope(granted, required), `${granted} for ${required}`).toBe(isMatch)
    }),
    runs(5000),
  )
})

test.each([
  ['a promise', () => Promise.resolve(true)],
  ['a truthy string', () => 'yes'],
  [
    'an exception',
    () => {
      throw new Error('broken')
    },
  ],
])('a custom matcher that returns or throws %s grants nothing', (_name, matches) => {
  fc.assert(
    fc.property(formula, ({ demand }) => {
      const rule = compileScopes('scopes', demand)
      expect(scopesSatisfy(rule, LETTERS, matches as unknown as ScopeMatcher)).toBe(false)
    }),
    runs(200),
  )
})
