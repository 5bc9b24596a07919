import { MOST_FORMS, optionalForms } from './optional-forms.js'
import { sampleRegExp } from './sample-regexp.js'

/** A path or a part of one, as it was registered, and a path that it matches. */
export interface PathPart {
  readonly text: string
  /** `undefined` if no matching path could be derived. */
  readonly sample: string | undefined
  /** Further paths that it matches: without optional parts, and with another value in place of parameters. */
  readonly variants?: readonly string[]
}

/**
 * Values of parameters and wildcards in sample paths. Digits pass most validations of ids. A guard at a literal path may equal
 * the first value, but hardly the second.
 */
const [VALUE, OTHER_VALUE] = ['1', '904117'] as const

export const ROOT: PathPart = { text: '', sample: '' }

/** Joins the path of a router and a path inside it. */
export function joinPaths(outer: PathPart, inner: PathPart): PathPart {
  return {
    text: joinStrings(outer.text, inner.text),
    sample:
      outer.sample === undefined || inner.sample === undefined
        ? undefined
        : joinStrings(outer.sample, inner.sample),
    variants: joinVariants(outer, inner),
  }
}

function joinVariants(outer: PathPart, inner: PathPart): readonly string[] {
  const [outside = [], inside = []] = [outer.variants, inner.variants]
  const { sample: before } = outer
  const { sample: after } = inner
  return [
    ...(before === undefined ? [] : inside.map((variant) => joinStrings(before, variant))),
    ...(after === undefined ? [] : outside.map((variant) => joinStrings(variant, after))),
  ].slice(0, MOST_FORMS)
}

function joinStrings(outer: string, inner: string): string {
  const base = outer.endsWith('/') ? outer.slice(0, -1) : outer
  if (inner === '' || inner === '/') return base === '' ? inner : base
  return `${base}${inner.startsWith('/') || base.includes('/^') ? '' : '/'}${inner}`
}

/**
 * Creates the part for a registered path.
 *
 * @param matches - whether the framework matches a path. A sample that it does not match is dropped.
 */
export function pathPart(
  path: string | RegExp,
  matches: (sample: string) => boolean,
  braces: 'optional' | 'regexp' = 'optional',
): PathPart {
  const text = String(path)
  const candidates = typeof path === 'string' ? samplesOf(path, braces) : sampleRegExp(path.source)
  const [sample, ...variants] = [...new Set(candidates)].filter((one) => matches(one))
  return { text, sample, variants: variants.slice(0, MOST_FORMS) }
}

/** Returns paths of a pattern: with the usual value, with another one, and of each form of its optional parts. */
function samplesOf(pattern: string, braces: 'optional' | 'regexp'): readonly string[] {
  const forms = optionalForms(pattern, braces).map((form) => samplePath(form, braces, VALUE))
  const samples = [samplePath(pattern, braces, VALUE), samplePath(pattern, braces, OTHER_VALUE), ...forms]
  return samples.filter((one) => one !== undefined)
}

/**
 * Returns a path that a pattern matches, or `undefined` if its syntax is unknown. Reads the syntax of path-to-regexp 0.1 to
 * 8, find-my-way and Hono.
 *
 * @param braces - meaning of `{…}`: an optional part (path-to-regexp 8), or the regular expression of a parameter (Hono).
 */
function samplePath(pattern: string, braces: 'optional' | 'regexp', value: string): string | undefined {
  let out = ''
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at)
    const [whole, sampled] = readToken(rest, braces, value)
    if (sampled === undefined) return undefined
    out += sampled
    at += whole.length
  }
  return out.startsWith('/') ? out : `/${out}`
}

/** Reads the first token of a pattern: its source and what stands for it in the sample. */
function readToken(
  rest: string,
  braces: 'optional' | 'regexp',
  value: string,
): readonly [string, string | undefined] {
  const literal = /^\\(.)/.exec(rest) ?? /^:(:)/.exec(rest)
  if (literal !== null) return [literal[0], literal[1] ?? '']
  const parameter = /^:(?:[\p{ID_Start}\d_$][\p{ID_Continue}$]*|"[^"]*")/u.exec(rest)
  if (parameter !== null) return readParameter(rest, parameter[0], braces, value)
  const wildcard = /^\*(?:[\p{ID_Start}_$][\p{ID_Continue}$]*|"[^"]*")?/u.exec(rest)
  if (wildcard !== null) return [wildcard[0], value]
  if (rest.startsWith('(')) {
    const group = balanced(rest, '(', ')')
    const modifier = /^[?*+]?/.exec(rest.slice(group.length))?.[0] ?? ''
    return [group + modifier, sampleGroup(group)]
  }
  if (/^[{}?+]/.test(rest)) return [rest.slice(0, 1), '']
  return [rest.slice(0, 1), encodeURI(rest.slice(0, 1))]
}

function readParameter(
  rest: string,
  name: string,
  braces: 'optional' | 'regexp',
  value: string,
): readonly [string, string | undefined] {
  const after = rest.slice(name.length)
  const constraint = after.startsWith('(')
    ? balanced(after, '(', ')')
    : braces === 'regexp' && after.startsWith('{')
      ? balanced(after, '{', '}')
      : ''
  const modifier = /^[?*+]?/.exec(after.slice(constraint.length))?.[0] ?? ''
  const sampled = constraint === '' ? value : sampleGroup(constraint)
  return [name + constraint + modifier, sampled]
}

function sampleGroup(group: string): string | undefined {
  const source = group.slice(1, -1)
  return sampleRegExp(source).find((one) => {
    try {
      return new RegExp(`^(?:${source})$`).test(one)
    } catch {
      return false
    }
  })
}

/** Returns a group with the groups inside it. */
function balanced(from: string, open: string, close: string): string {
  let depth = 0
  for (let at = 0; at < from.length; at++) {
    if (from[at] === '\\') at++
    else if (from[at] === open) depth++
    else if (from[at] === close && --depth === 0) return from.slice(0, at + 1)
  }
  return from
}
