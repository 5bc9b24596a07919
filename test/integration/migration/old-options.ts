import ts from 'typescript'
import { ROOT } from '../docs/programs/support.js'

const FOLDER = `${ROOT}test/integration/migration/types`

/** The names of the options in `types/old-options.ts`, by page and section. */
export function readOldOptions(): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
  const { config } = ts.readConfigFile(`${FOLDER}/tsconfig.json`, (path) => ts.sys.readFile(path)) as {
    config: object
  }
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, FOLDER)
  const program = ts.createProgram(fileNames, options)
  const [problem] = ts.getPreEmitDiagnostics(program)
  if (problem !== undefined) throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, ' '))
  const checker = program.getTypeChecker()
  const membersOf = (type: ts.Type): readonly [name: string, type: ts.Type][] =>
    checker.getPropertiesOfType(type).map((symbol) => [symbol.name, checker.getTypeOfSymbol(symbol)])
  const module = checker.getSymbolAtLocation(program.getSourceFile(`${FOLDER}/old-options.ts`)!)!
  const [exported] = checker.getExportsOfModule(module)
  return new Map(
    membersOf(checker.getDeclaredTypeOfSymbol(exported!)).map(([page, sections]) => [
      page,
      new Map(membersOf(sections).map(([section, names]) => [section, literalsOf(names)])),
    ]),
  )
}

function literalsOf(type: ts.Type): readonly string[] {
  return (type.isUnion() ? type.types : [type]).map((member) => {
    if (!member.isStringLiteral()) throw new Error('an option without a name')
    return member.value
  })
}
