/** Characters for classes, in the order in which they are tried. */
const ALPHABET = "1a0bZA-_.~xyz23456789cdefghijklmnopqrstuvwBCDEFGHIJKLMNOPQRSTUVWXY/ !$'()+,;=:@&*"

/**
 * Returns strings that probably match a regular expression, longest first. Reads the first alternative of each group. The
 * caller tests which one matches.
 */
export function sampleRegExp(source: string): readonly string[] {
  return [true, false]
    .map((withOptional) => new Sampler(source, withOptional).run())
    .filter((one) => one !== undefined)
}

/** Reads one regular expression. */
class Sampler {
  #at = 0
  readonly #source: string
  readonly #withOptional: boolean

  constructor(source: string, withOptional: boolean) {
    this.#source = source
    this.#withOptional = withOptional
  }

  run(): string | undefined {
    const out = this.#alternatives()
    return this.#at === this.#source.length ? out : undefined
  }

  /** Reads alternatives up to the end of the group, and returns the first one. */
  #alternatives(): string | undefined {
    let first: string | undefined
    let isFirst = true
    do {
      const sequence = this.#sequence()
      if (isFirst) first = sequence
      isFirst = false
    } while (this.#take('|'))
    return first
  }

  #sequence(): string | undefined {
    let out: string | undefined = ''
    while (this.#at < this.#source.length && !'|)'.includes(this.#peek())) {
      const atom = this.#atom()
      const count = this.#count()
      out = out === undefined || atom === undefined ? undefined : out + atom.repeat(count)
    }
    return out
  }

  #atom(): string | undefined {
    const character = this.#peek()
    if (character === '[') return this.#class()
    if (character === '(') return this.#group()
    this.#at++
    if (character === '\\') return this.#escape()
    if (character === '^' || character === '$') return ''
    return character === '.' ? '1' : character
  }

  #escape(): string | undefined {
    const character = this.#peek()
    this.#at++
    if (character === 'b') return ''
    // Back references, code points and properties are not read.
    if (/[0-9a-zA-Z]/.test(character) && !'dwsDWS'.includes(character)) return undefined
    return /[dwsDWS]/.test(character) ? firstMatch(`\\${character}`) : character
  }

  #class(): string | undefined {
    const start = this.#at
    for (this.#at++; this.#at < this.#source.length && this.#peek() !== ']'; this.#at++)
      if (this.#peek() === '\\') this.#at++
    this.#at++
    return firstMatch(this.#source.slice(start, this.#at))
  }

  #group(): string | undefined {
    this.#at++
    const kind = /^\?(?:<?[=!]|:|<[^>]*>)/.exec(this.#source.slice(this.#at))?.[0] ?? ''
    this.#at += kind.length
    const content = this.#alternatives()
    if (!this.#take(')')) return undefined
    return /[=!]$/.test(kind) ? '' : content
  }

  /** Reads a quantifier and returns how often the atom is repeated. */
  #count(): number {
    const quantifier = /^(?:[?*+]|\{(\d+)(?:,\d*)?\})\??/.exec(this.#source.slice(this.#at))
    if (quantifier === null) return 1
    this.#at += quantifier[0].length
    if (quantifier[1] !== undefined) return Math.min(Number(quantifier[1]), 1000)
    return quantifier[0].startsWith('+') || this.#withOptional ? 1 : 0
  }

  #peek(): string {
    return this.#source[this.#at] ?? ''
  }

  #take(character: string): boolean {
    if (this.#peek() !== character || this.#at >= this.#source.length) return false
    this.#at++
    return true
  }
}

function firstMatch(characterClass: string): string | undefined {
  const pattern = new RegExp(`^${characterClass}$`)
  return Array.from(ALPHABET).find((one) => pattern.test(one))
}
