// npm start                        the demonstration: a test issuer, a guarded API, a table of real requests
// npm start -- --help              what else it can do
import { HELP, readArguments, UsageError } from './arguments.js'
import { mainJob } from './main-job.js'

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2))
  if (options !== 'help') return mainJob(options)
  console.log(HELP)
  return 0
}

/** What went wrong, in one line, and the exit code. */
function explain(error: unknown): readonly [string, number] {
  if (error instanceof UsageError) return [`${error.message}. See npm start -- --help`, 2]
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown }
  if (code === 'EADDRINUSE')
    return [`Port ${String(port)} is in use. Give another, or none: a free one is then taken.`, 1]
  if (code === 'EACCES')
    return [`Port ${String(port)} may not be used by this user. Give another, or none.`, 1]
  return [error instanceof Error ? (error.stack ?? error.message) : String(error), 1]
}

try {
  process.exitCode = await main()
} catch (error) {
  const [message, exitCode] = explain(error)
  console.error(message)
  process.exitCode = exitCode
}
