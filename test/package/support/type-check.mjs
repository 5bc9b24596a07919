// Compiles the project in the current folder. Prints the type errors of its files and of the declarations of the package.
// Those of other packages are not ours to check, and checking them takes most of the time of `tsc` without `skipLibCheck`.
import ts from 'typescript'

const host = {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
    throw new Error(String(messageText))
  },
}
const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, host)
const program = ts.createProgram(fileNames, { ...options, skipLibCheck: false })
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
program.emit()
const declarations = checked.filter(({ isDeclarationFile }) => isDeclarationFile).length
process.stdout.write(
  ts.formatDiagnostics(found, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => process.cwd(),
    getNewLine: () => '\n',
  }) || `no errors, also in ${declarations} declarations\n`,
)
