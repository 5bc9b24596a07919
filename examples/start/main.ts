// npm start                        runs the demonstration: a test issuer, a guarded API, a table of real requests
// npm start -- --fleet             shows three processes that share revocations through Redis
// npm start -- --help              lists the options
import { HELP, readArguments, UsageError } from './arguments.js'
import { fleetJob } from './fleet.js'
import { runMember, type MemberSettings } from './fleet-member.js'
import { mainJob } from './main-job.js'

async function main(): Promise<number> {
  const member = process.env['M2M_GUARD_FLEET_MEMBER']
  if (member !== undefined) {
    await runMember(JSON.parse(member) as MemberSettings)
    return 0
  }
  const options = readArguments(process.argv.slice(2))
  if (options === 'fleet') return fleetJob()
  if (options !== 'help') return mainJob(options)
  console.log(HELP)
  return 0
}

/** A one-line error message, and the exit code. */
function explain(error: unknown): readonly [string, number] {
  if (error instanceof UsageError) return [`${error.message}. See npm start -- --help`, 2]
  const { code, port } = error as { readonly code?: unknown; readonly port?: unknown }
  if (code === 'EADDRINUSE')
    return [`Port ${String(port)} is in use. Pass another port, or omit the option to use a free port.`, 1]
  if (code === 'EACCES')
    return [
      `Port ${String(port)} requires more privileges. Pass another port, or omit the option to use a free port.`,
      1,
    ]
  return [error instanceof Error ? (error.stack ?? error.message) : String(error), 1]
}

try {
  process.exitCode = await main()
} catch (error) {
  const [message, exitCode] = explain(error)
  console.error(message)
  process.exitCode = exitCode
}
