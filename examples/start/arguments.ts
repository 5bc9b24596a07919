import { parseArgs } from 'node:util'

export const FRAMEWORKS = ['express', 'koa', 'fastify'] as const
export type Framework = (typeof FRAMEWORKS)[number]

/** The options of the command line. */
export interface StartOptions {
  readonly framework: Framework
  /** 0 selects a free port. */
  readonly port: number
  readonly issuerPort: number
  readonly once: boolean
}

/** The command line is invalid. The message says why. */
export class UsageError extends Error {}

export const HELP = `Starts a test issuer and a guarded API on the loopback interface, sends requests to the API and prints the
results. Then it keeps running for your own requests until Ctrl-C.

  npm start -- [options]

  --framework express|koa|fastify   the framework of the API; default express
  --port N                          the API's port; default a free port
  --issuer-port N                   the test issuer's port; default a free port
  --once                            exit after the table, with code 0 if every row is as expected, else 1
  --fleet                           show three processes that share revocations through Redis in place of the table
  --help                            show this help`

/** @throws UsageError */
export function readArguments(args: readonly string[]): StartOptions | 'help' | 'fleet' {
  const values = parse(args)
  if (values.help) return 'help'
  if (values.fleet) return 'fleet'
  return {
    framework: readFramework(values.framework),
    port: readPort('--port', values.port),
    issuerPort: readPort('--issuer-port', values['issuer-port']),
    once: values.once,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        framework: { type: 'string', default: 'express' },
        port: { type: 'string', default: '0' },
        'issuer-port': { type: 'string', default: '0' },
        once: { type: 'boolean', default: false },
        fleet: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    // The first sentence is enough. The rest is about arguments that start with a dash.
    const message = error instanceof Error ? error.message : String(error)
    throw new UsageError(message.split('. ')[0])
  }
}

function readFramework(name: string): Framework {
  const framework = FRAMEWORKS.find((known) => known === name)
  if (framework === undefined)
    throw new UsageError(`--framework must be one of ${FRAMEWORKS.join(', ')}, not '${name}'`)
  return framework
}

function readPort(option: string, value: string): number {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN
  if (!(port <= 65_535)) throw new UsageError(`${option} must be a number from 0 to 65535, not '${value}'`)
  return port
}
