import { dirname } from 'node:path'
import ts from 'typescript'
import { placeOf, ROOT, type Block } from './support.js'

/** How the type checker reads the names of the package: as its sources. */
const PATHS = {
  'm2m-guard': ['./src/index.ts'],
  'm2m-guard/*': ['./adapters/*.ts', './src/*/index.ts'],
}

/** The languages of blocks that are programs. */
export function isProgram({ language }: Block): boolean {
  return language === 'ts' || language === 'js'
}

/** Type-checks each block as a separate module, as strictly as the sources. Returns the errors by place. */
export function typeErrors(blocks: readonly Block[]): ReadonlyMap<string, readonly string[]> {
  const modules = new Map(blocks.map((block) => [fileOf(block), block]))
  const options = compilerOptions()
  const host = ts.createCompilerHost(options)
  const withBlocks: ts.CompilerHost = {
    ...host,
    fileExists: (path) => modules.has(path) || host.fileExists(path),
    readFile: (path) => textOf(modules.get(path)) ?? host.readFile(path),
    getSourceFile: (path, ...rest) => {
      const text = textOf(modules.get(path))
      return text === undefined ? host.getSourceFile(path, ...rest) : ts.createSourceFile(path, text, MODULE)
    },
  }
  const program = ts.createProgram([...modules.keys()], options, withBlocks)
  return new Map(
    [...modules].map(([path, block]) => {
      const source = program.getSourceFile(path)
      if (source === undefined) throw new Error(`${placeOf(block)} was not read`)
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      return [placeOf(block), found.map((diagnostic) => sentence(block, diagnostic))]
    }),
  )
}

const MODULE: ts.CreateSourceFileOptions = {
  languageVersion: ts.ScriptTarget.ES2022,
  impliedNodeFormat: ts.ModuleKind.ESNext,
}

/** In a folder of the project, so that packages are found; the file itself is nowhere. */
function fileOf(block: Block): string {
  return `${ROOT}test/integration/docs/${block.paper.replace(/\W/g, '-')}-${block.line}.${block.language}`
}

/** What a block needs is declared in front of its first line, so that lines keep their numbers. */
function textOf(block: Block | undefined): string | undefined {
  if (block === undefined) return undefined
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
    paths: PATHS,
    pathsBasePath: ROOT,
    allowJs: true,
    checkJs: true,
    // A block shows what it is about; the rest of a program may use what it declares.
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
}
