import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { readersFolder } from '../../../support/packed/packed-package.js'
import { PLACEHOLDERS, type Placeholder } from './placeholders.js'
import type { Block } from './support.js'

/** Something public whose comment may have an `@example`: a function, a type or a method of one. */
export interface Documented {
  /** What imports it, such as `m2m-guard/express`. */
  readonly entry: string
  /** Its name, such as `guard` or `Verifier.verify`. */
  readonly name: string
  readonly isFunction: boolean
  readonly isType: boolean
  /** The content of each `@example`, without the fence. */
  readonly examples: readonly string[]
}

/** Where the names of an example are imported from, besides its own entry point. */
const FALLBACKS = ['m2m-guard', 'm2m-guard/issuers', 'm2m-guard/express']

/** Finds everything public in the declarations of the packed package. */
export function readDocumented(): readonly Documented[] {
  const packed = join(readersFolder(), 'node_modules/m2m-guard')
  const { exports } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | { readonly import: { readonly types: string } }>>
  }
  const entries = Object.entries(exports).flatMap(([path, entry]) =>
    typeof entry === 'string'
      ? []
      : [{ name: path.replace('.', 'm2m-guard'), file: join(packed, entry.import.types) }],
  )
  const program = createProgram(entries.map(({ file }) => file))
  const checker = program.getTypeChecker()
  return entries.flatMap(({ name: entry, file }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!
    return checker.getExportsOfModule(module).flatMap((exported) => {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
      const methods = [...(symbol.members?.values() ?? [])].filter(isMethod)
      return [
        documented(entry, exported.name, symbol, checker),
        ...methods.map((method) => documented(entry, `${exported.name}.${method.name}`, method, checker)),
      ]
    })
  })
}

/** Binds the declarations alone: neither the library of TypeScript nor other packages are read. */
function createProgram(files: readonly string[]): ts.Program {
  const options: ts.CompilerOptions = { noLib: true, types: [], module: ts.ModuleKind.NodeNext }
  const host = ts.createCompilerHost(options)
  host.resolveModuleNameLiterals = (names, containing, _redirected, settings) =>
    names.map(({ text }) =>
      text.startsWith('.')
        ? ts.resolveModuleName(text, containing, settings, host)
        : { resolvedModule: undefined },
    )
  return ts.createProgram(files, options, host)
}

/** Whether a member is a method, or a function that a client has as a property. Options are functions of the reader's. */
function isMethod({ flags, declarations = [] }: ts.Symbol): boolean {
  if (flags & ts.SymbolFlags.Method) return true
  return declarations.some(
    (declaration) =>
      ts.isPropertySignature(declaration) &&
      declaration.type?.kind === ts.SyntaxKind.FunctionType &&
      ts.isInterfaceDeclaration(declaration.parent) &&
      /(Tokens|Clients|Secrets)$/.test(declaration.parent.name.text),
  )
}

function documented(entry: string, name: string, symbol: ts.Symbol, checker: ts.TypeChecker): Documented {
  const tags = symbol.getJsDocTags(checker).filter((tag) => tag.name === 'example')
  const isFunction = isMethod(symbol) || (symbol.flags & ts.SymbolFlags.Function) !== 0 || name === 'm2mGuard'
  const isType = (symbol.flags & ts.SymbolFlags.Value) === 0
  return { entry, name, isFunction, isType, examples: tags.map(contentOf) }
}

function contentOf({ text }: ts.JSDocTagInfo): string {
  const written = ts.displayPartsToString(text)
  const content = /^```ts\n([^]*?)\n```$/.exec(written.trim())?.[1]
  if (content === undefined) throw new Error(`an @example is not one block of TypeScript: ${written}`)
  return content
}

/** An `@example` as a program: with the imports and placeholders that it leaves out. */
export interface ExampleProgram {
  /** As a function of a module, to be type-checked. */
  readonly checked: Block
  /** To be run. Undefined if something stands for a value that only a reader has. */
  readonly runnable: Block | undefined
}

/** Completes the examples. `all` has the names that can be imported. */
export function programsOf(all: readonly Documented[]): ReadonlyMap<string, ExampleProgram> {
  const programs = new Map<string, ExampleProgram>()
  for (const { entry, name, examples } of all) {
    for (const [index, text] of examples.entries()) {
      const place = { paper: `${entry}: ${name}`, line: index + 1, language: 'ts' }
      const imports = importsFor(text, entry, all)
      const used = placeholdersFor(text, entry, name)
      const declared = used.map(([word, { type }]) => `declare const ${word}: ${type}`)
      const module = [...imports, ...declared, 'export async function example() {', text, END].join('\n')
      const needs = used.flatMap(([word, { from }]) => (from === undefined ? [] : [{ name: word, from }]))
      const isComplete = needs.length === used.length && !text.includes('.fetch(')
      programs.set(`${place.paper}:${place.line}`, {
        checked: { ...place, text: module, needs: [] },
        runnable: isComplete ? { ...place, text: [...imports, text].join('\n'), needs } : undefined,
      })
    }
  }
  return programs
}

/** An example may return early. */
const END = 'return undefined\n}'

const wordsIn = (text: string): ReadonlySet<string> => new Set(text.match(/(?<![.\w'])[A-Za-z]\w*(?!\w|:)/g))

function importsFor(text: string, entry: string, all: readonly Documented[]): readonly string[] {
  const words = wordsIn(text)
  const imported = new Map<string, string>()
  for (const from of [entry, ...FALLBACKS]) {
    for (const { name, isType } of all.filter((one) => one.entry === from))
      if (words.has(name) && !imported.has(name))
        imported.set(name, `{ ${isType ? 'type ' : ''}${name} } from '${from}'`)
  }
  return [...imported.values()].map((clause) => `import ${clause}`)
}

function placeholdersFor(text: string, entry: string, name: string): readonly [string, Placeholder][] {
  const words = wordsIn(text)
  const [owner = ''] = name.split('.')
  const available = { ...PLACEHOLDERS[entry], ...PLACEHOLDERS[owner] }
  return Object.entries(available).filter(([word]) => words.has(word) && !isDeclared(word, text))
}

/** Whether an example itself declares the name. A name that it reads first does not count. */
function isDeclared(word: string, text: string): boolean {
  return new RegExp(`(const|import) (\\{[^}=]*\\b${word}\\b[^}=]*\\}|${word}\\b)`).test(text)
}
