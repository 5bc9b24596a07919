import { parseArgs } from 'node:util'

export const FRAMEWORKS = ['express', 'koa', 'fastify'] as const
export type Framework = (typeof FRAMEWORKS)[number]

/** What the command line asks for. */
export interface StartOptions {
  readonly framework: Framework
  /** 0: one that is free. */
  readonly port: number
  readonly issuerPort: number
  readonly once: boolean
}

/** The command line cannot be understood; the message says what is wrong with it. */
export class UsageError extends Error {}

export const HELP = `Starts a test issuer and a guarded API on the loopback interface, sends the API a set of requests,
prints what became of each, and stays up for requests of your own until Ctrl-C.

  npm start -- [options]

  --framework express|koa|fastify   what the API is written in; default express
  --port N                          the API's port; default one that is free
  --issuer-port N                   the test issuer's port; default one that is free
  --once                            end after the table: exit code 0 if every row is as expected, else 1
  --help                            show this`

/** @throws UsageError */
export function readArguments(args: readonly string[]): StartOptions | 'help' {
  const values = parse(args)
  if (values.help) return 'help'
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
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    // The first sentence says it; the rest is about arguments that start with a dash.
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

function readPort(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) throw new UsageError(`${option} must be a number from 0 to 65535, not '${text}'`)
  return port
}
