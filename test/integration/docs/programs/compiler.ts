import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { readersFolder } from '../../../support/packed/packed-package.js'
import { placeOf, ROOT, type Block } from './support.js'

const PREAMBLE = `${ROOT}test/integration/docs/programs/preamble.ts`

/** The languages of blocks that are programs. */
export function isProgram({ language }: Block): boolean {
  return language === 'ts' || language === 'js'
}

export interface TypeCheck {
  /** The errors of each block, by its place. */
  readonly errors: ReadonlyMap<string, readonly string[]>
  /** Every file that the compiler has read. */
  readonly files: readonly string[]
}

/**
 * Type-checks each block as a separate module in the reader's folder, against the declarations of the packed package and
 * as strictly as the sources.
 */
export function checkTypes(blocks: readonly Block[]): TypeCheck {
  const folder = readersFolder()
  const modules = new Map(blocks.map((block) => [fileOf(block, folder), block]))
  const texts = new Map([...modules].map(([path, block]) => [path, textOf(block)]))
  texts.set(join(folder, 'preamble.ts'), readFileSync(PREAMBLE, 'utf8'))
  const options = compilerOptions()
  const host = ts.createCompilerHost(options)
  const withBlocks: ts.CompilerHost = {
    ...host,
    fileExists: (path) => texts.has(path) || host.fileExists(path),
    readFile: (path) => texts.get(path) ?? host.readFile(path),
    getSourceFile: (path, ...rest) => {
      const text = texts.get(path)
      return text === undefined ? host.getSourceFile(path, ...rest) : ts.createSourceFile(path, text, MODULE)
    },
  }
  const program = ts.createProgram([...modules.keys()], options, withBlocks)
  const errors = new Map(
    [...modules].map(([path, block]) => {
      const source = program.getSourceFile(path)
      if (source === undefined) throw new Error(`${placeOf(block)} was not read`)
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [placeOf(block), found.map((diagnostic) => sentence(block, diagnostic))]
    }),
  )
  return { errors, files: program.getSourceFiles().map(({ fileName }) => fileName) }
}

const MODULE: ts.CreateSourceFileOptions = {
  languageVersion: ts.ScriptTarget.ES2022,
  impliedNodeFormat: ts.ModuleKind.ESNext,
}

/** In the reader's folder, so that packages are found; the file itself does not exist. */
function fileOf(block: Block, folder: string): string {
  return `${folder}/${block.paper.replace(/\W/g, '-')}-${block.line}.${block.language}`
}

/** What a block needs is declared in front of its first line, so that lines keep their numbers. */
function textOf(block: Block): string {
  const declared = block.needs.map(({ name, from }) => `declare const ${name}: Preamble['${from}'];`)
  const head = declared.length === 0 ? [] : [`import type { Preamble } from './preamble.js';`, ...declared]
  return `${head.join('')}${block.text}\nexport {}\n`
}

function sentence({ line }: Block, { start, file, messageText }: ts.Diagnostic): string {
  const row = start === undefined || file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line
  return `line ${line + row}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
}

function compilerOptions(): ts.CompilerOptions {
  const path = `${ROOT}tsconfig.json`
  const { config } = ts.readConfigFile(path, (name) => ts.sys.readFile(name)) as { config: object }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, dirname(path))
  return {
    ...options,
    paths: {},
    allowJs: true,
    checkJs: true,
    // A block shows what it is about; the rest of a program may use what it declares.
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
}
