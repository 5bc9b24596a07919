import { join } from 'node:path'
import ts from 'typescript'

/** Declarations that were read before. Their syntax trees depend on no other option, so that projects can share them. */
const declarations = new Map<string, ts.SourceFile | undefined>()

function hostIn(folder: string, options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getCurrentDirectory = () => folder
  host.getSourceFile = (path, format, ...rest) => {
    if (!/\.d\.[cm]?ts$/.test(path)) return read(path, format, ...rest)
    const { languageVersion, impliedNodeFormat, jsDocParsingMode } =
      typeof format === 'object' ? format : { languageVersion: format }
    const key = [path, languageVersion, impliedNodeFormat, jsDocParsingMode].join(' ')
    if (!declarations.has(key)) declarations.set(key, read(path, format, ...rest))
    return declarations.get(key)
  }
  return host
}

/** What `tsc` would compile in a folder with these arguments: the files among them, or else those of `tsconfig.json`. */
function readProject(folder: string, args: readonly string[]): ts.ParsedCommandLine {
  const project = ts.parseCommandLine(args)
  if (project.fileNames.length > 0)
    return { ...project, fileNames: project.fileNames.map((name) => join(folder, name)) }
  const read = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.json'), project.options, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'))
    },
  })
  return read!
}

/**
 * Compiles like `tsc`, without loading the compiler and the declarations again for every project. Returns the errors in the
 * project and in the declarations of the package, and the number of those declarations. Declarations of other packages are
 * not ours to check, and checking them takes most of the time of `tsc` without `skipLibCheck`.
 */
export function typeCheck(
  folder: string,
  args: readonly string[] = [],
): { readonly errors: string; readonly declarations: number } {
  const { fileNames, options, errors } = readProject(folder, args)
  const program = ts.createProgram(fileNames, options, hostIn(folder, options))
  const checked = program
    .getSourceFiles()
    .filter(
      ({ fileName }) => fileName.includes('/node_modules/m2m-guard/') || !fileName.includes('/node_modules/'),
    )
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...checked.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  // File by file, because emitting a whole program checks the declarations of every package first.
  for (const file of checked) if (!file.isDeclarationFile) program.emit(file)
  return {
    errors: ts.formatDiagnostics(found, {
      getCanonicalFileName: (name) => name,
      getCurrentDirectory: () => folder,
      getNewLine: () => '\n',
    }),
    declarations: checked.filter(({ isDeclarationFile }) => isDeclarationFile).length,
  }
}
