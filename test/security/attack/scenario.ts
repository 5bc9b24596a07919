import fc from 'fast-check'
import type { Mode, Rules } from './oracle.js'
import { TOKENS_PER_ISSUER } from './tokens.js'

/** The policies that guards and requirements choose from. */
export const RULES: readonly Rules[] = [
  {},
  { all: ['a'] },
  { all: ['a', 'b'] },
  { any: ['a', 'c'] },
  { all: ['b'], any: ['a', 'c'] },
  { maxTokenAge: 601 },
  { maxTokenAge: 30 },
  { clients: ['billing'] },
  { check: true },
  { check: false },
  { confirmAfter: 0 },
  { confirmAfter: 100, all: ['a'] },
]

/** How many verifiers a scenario chooses from. */
const VERIFIERS = 3

/** Seconds that pass in the middle of a request, such as a stream that is authorized again. */
const PAUSES = [0.5, 3, 6, 31, 400]

/** A credential before the tokens exist: which of them, and in which of three spellings. */
export interface WrittenCredentials {
  readonly kind: 'token' | 'none' | 'malformed'
  readonly index: number
  readonly spelling: number
}

/** A guard by the indexes of its verifier and its rules. */
export interface WrittenGuard {
  readonly kind: 'guard'
  readonly verifier: number
  readonly rules: number
  readonly mode: Mode
}

export type WrittenStep =
  | WrittenGuard
  | { readonly kind: 'requirement'; readonly rules: number }
  | { readonly kind: 'credentials'; readonly written: WrittenCredentials }
  | { readonly kind: 'time'; readonly seconds: number }

type WrittenTerminal =
  | { readonly kind: 'plain' }
  | { readonly kind: 'fetch'; readonly guards: readonly WrittenGuard[] }
  | { readonly kind: 'fastify'; readonly plugin: WrittenGuard; readonly route: number | 'open' }

/** One request: what it starts with, the hosts it passes, and where it ends. */
export interface Scenario {
  readonly start: WrittenCredentials | 'twice'
  readonly first: WrittenGuard | undefined
  readonly segments: readonly {
    readonly host: 'plain' | 'express' | 'koa'
    readonly steps: readonly WrittenStep[]
  }[]
  readonly terminal: WrittenTerminal
}

/** The same shape with one member fixed, as the members of a union need it. */
function kind<const K extends string, T extends object>(
  name: K,
  members: { [P in keyof T]: fc.Arbitrary<T[P]> },
): fc.Arbitrary<T & { readonly kind: K }> {
  return fc.record({ kind: fc.constant(name), ...members }) as unknown as fc.Arbitrary<T & { kind: K }>
}

function weighted<T>(...choices: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<T>])[]) {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

const ruleIndex = fc.nat({ max: RULES.length - 1 })
const spelling = fc.nat({ max: 2 })
const tokenIndex = fc.nat({ max: 2 * TOKENS_PER_ISSUER - 1 })

const credentials = weighted<WrittenCredentials>(
  [6, kind('token', { index: tokenIndex, spelling })],
  [1, kind('none', { index: fc.constant(0), spelling })],
  [1, kind('malformed', { index: tokenIndex, spelling })],
)

const guardStep: fc.Arbitrary<WrittenGuard> = kind('guard', {
  verifier: fc.nat({ max: VERIFIERS - 1 }),
  rules: ruleIndex,
  mode: weighted<Mode>([3, fc.constant('enforce')], [1, fc.constant('report')]),
})

const step = weighted<WrittenStep>(
  [4, guardStep],
  [3, kind('requirement', { rules: ruleIndex })],
  [2, kind('credentials', { written: credentials })],
  [1, kind('time', { seconds: fc.constantFrom(...PAUSES) })],
)

const terminal = weighted<WrittenTerminal>(
  [3, kind<'plain', object>('plain', {})],
  [2, kind('fetch', { guards: fc.array(guardStep, { minLength: 1, maxLength: 3 }) })],
  [2, kind('fastify', { plugin: guardStep, route: fc.oneof(ruleIndex, fc.constant('open' as const)) })],
)

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  start: weighted<Scenario['start']>([9, credentials], [1, fc.constant('twice')]),
  // A stack without a guard in front is an error, which is soon known.
  first: fc.option(guardStep, { freq: 8, nil: undefined }),
  segments: fc.array(
    fc.record({
      host: fc.constantFrom<'plain' | 'express' | 'koa'>('plain', 'express', 'koa'),
      steps: fc.array(step, { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  terminal,
})
