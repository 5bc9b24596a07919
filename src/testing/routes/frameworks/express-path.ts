import { pathPart, type PathPart } from '../path.js'
import { sampleRegExp } from '../sample-regexp.js'

/** What path-to-regexp 0.1 appends for a mount path. */
const MOUNT_END = '\\/?(?=\\/|$)'

/** Groups that path-to-regexp 0.1 writes for a parameter without a regular expression. */
const PARAMETER = /\(\?:\\?\/\(\[\^\\?\/\]\+\?\)\)(\?)?|\(\?:\(\[\^\\?\/\]\+\?\)\)/

/**
 * Reads the paths of a layer of Express 4, which keeps them as a compiled regular expression only. An expression that was
 * not compiled from strings stands as its source.
 */
export function expressPath(
  regexp: RegExp,
  keys: readonly { readonly name: string | number }[],
  matches: (sample: string) => boolean,
): readonly PathPart[] {
  const alternatives = regexp.source.split(`${MOUNT_END}|`).map((one) => one.replace(MOUNT_END, ''))
  const isCompiled = regexp.source.endsWith(MOUNT_END)
  if (!isCompiled) return [pathPart(regexp, matches)]
  const names = [...keys]
  return alternatives.map((source) => {
    const text = decompile(source, names) ?? String(regexp)
    const [sample, ...variants] = sampleRegExp(source).filter(matches)
    const other = sample?.replace(/(?<=\/)1(?=\/|$)/g, '904117')
    return {
      text,
      sample,
      variants: other === undefined || !matches(other) ? variants : [other, ...variants],
    }
  })
}

/** Returns the pattern of a compiled path, or `undefined` if it has groups of its own. */
function decompile(source: string, names: { readonly name: string | number }[]): string | undefined {
  let rest = source.replace(/^\^/, '')
  for (let parameter = PARAMETER.exec(rest); parameter !== null; parameter = PARAMETER.exec(rest)) {
    const slash = parameter[0].startsWith('(?:\\/') || parameter[0].startsWith('(?:/') ? '/' : ''
    const named = `${slash}:${String(names.shift()?.name ?? 'parameter')}${parameter[1] ?? ''}`
    // A function, because a `$` in a replacement string has a meaning.
    rest = rest.replace(parameter[0], () => named)
  }
  if (/[()[\]{}|^$+*]/.test(rest)) return undefined
  return rest.replace(/\\(.)/g, '$1')
}
