/** Maximum number of forms of a path, because a pattern with many optional parts has very many. */
export const MOST_FORMS = 16

/** An optional part of a pattern, innermost first: `{…}`, `/:name?`, `(…)?` or a character before `?`. */
const OPTIONAL = [
  /(?<!\\)\{([^{}]*)\}/,
  /\/?:[\p{ID_Start}\d_$][\p{ID_Continue}$]*(?:\([^()]*\)|\{[^{}]*\})?(?<!\\)[?*](?!\w)/u,
  /(?<!\\)\([^()]*\)[?*]/,
  /(?<=[\w-])[\w-]\?/,
]

/**
 * Returns patterns in which each optional part of a pattern is present or absent. Reads the syntax of path-to-regexp 0.1 to
 * 8, find-my-way and Hono.
 *
 * @param braces - meaning of `{…}`: an optional part (path-to-regexp 8), or the regular expression of a parameter (Hono).
 */
export function optionalForms(pattern: string, braces: 'optional' | 'regexp'): readonly string[] {
  const kinds = braces === 'optional' ? OPTIONAL : OPTIONAL.slice(1)
  const forms = new Set([pattern])
  // A set visits the forms that are added while it is read.
  for (const form of forms) {
    for (const kind of kinds) {
      const found = kind.exec(form)
      if (found === null || forms.size >= MOST_FORMS) continue
      const [before, after] = [form.slice(0, found.index), form.slice(found.index + found[0].length)]
      const present = found[0].startsWith('{') ? (found[1] ?? '') : found[0].slice(0, -1)
      forms.add(before + after || '/').add(before + present + after)
    }
  }
  return [...forms]
}
