import { runCli } from '../../src/cli/run.js'
import type { Environment } from '../../src/cli/terminal.js'
import type { TestIssuer } from '../../src/testing/index.js'
import { testBed, type TestBed, type TestBedOptions } from './test-bed.js'

type Vendor = 'clerk' | 'stytch' | 'authlete' | 'oauth'

export interface RunOptions {
  /** In place of the whole environment. */
  readonly env?: Environment
  /** Added to the environment. */
  readonly variables?: Environment
  readonly stdin?: string | AsyncIterable<string>
  /** Input at the terminal prompt; without it there is no terminal. */
  readonly answer?: string
  readonly hasColors?: boolean
  /** The module of the application, for `--config`. */
  readonly config?: unknown
  /** Loads the module, in place of `config`. */
  readonly load?: (path: string) => Promise<unknown>
  readonly signal?: AbortSignal
  /** The packages of the application. */
  readonly loadPackage?: (name: string) => Promise<unknown>
  /** What happens to what is written to stdout. */
  readonly stdout?: (text: string) => Promise<void>
}

export interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Prompts that were shown. */
  readonly asked: readonly string[]
}

export interface CliBed extends TestBed {
  readonly env: Readonly<Record<Vendor, Environment>>
  /** Runs a command line, a string split at spaces or a list of arguments, with the credentials of its `--vendor`. */
  readonly cli: (args: string | readonly string[], options?: RunOptions) => Promise<Result>
}

/** A test bed, and the command line in this process with the credentials of its issuer in the environment. */
export async function cliBed(options: TestBedOptions = {}): Promise<CliBed> {
  const bed = await testBed(options)
  const env = environmentsOf(bed.issuer)
  return {
    ...bed,
    env,
    cli: (given, options = {}) => {
      const args = typeof given === 'string' ? given.split(' ').filter((word) => word !== '') : given
      const vendor = args[args.indexOf('--vendor') + 1] as Vendor
      const defaults = Object.hasOwn(env, vendor) ? env[vendor] : {}
      return runWith(args, { ...options, env: options.env ?? { ...defaults, ...options.variables } })
    },
  }
}

export function environmentsOf(issuer: TestIssuer): Readonly<Record<Vendor, Record<string, string>>> {
  const { stytchProject, authleteService, client, clerkMachines } = issuer
  return {
    clerk: {
      CLERK_MACHINE_SECRET_KEY: clerkMachines.sender.secretKey,
      CLERK_API_URL: issuer.endpoints.clerk,
    },
    stytch: {
      STYTCH_PROJECT_ID: stytchProject.projectId,
      STYTCH_SECRET: stytchProject.secret,
      STYTCH_CLIENT_ID: stytchProject.client.clientId,
      STYTCH_CLIENT_SECRET: stytchProject.client.clientSecret,
      STYTCH_API_URL: issuer.endpoints.stytch,
    },
    authlete: {
      AUTHLETE_SERVICE_ID: authleteService.serviceId,
      AUTHLETE_SERVICE_ACCESS_TOKEN: authleteService.serviceAccessToken,
      AUTHLETE_API_URL: issuer.endpoints.authlete,
    },
    oauth: {
      OAUTH_ISSUER: issuer.url,
      OAUTH_CLIENT_ID: client.clientId,
      OAUTH_CLIENT_SECRET: client.clientSecret,
    },
  }
}

export async function runWith(args: readonly string[], options: RunOptions): Promise<Result> {
  const [out, err, asked]: string[][] = [[], [], []]
  const code = await runCli({
    args,
    env: options.env ?? {},
    stdin: typeof options.stdin === 'object' ? options.stdin : inputOf(options.stdin),
    stdout:
      options.stdout ??
      ((text) => {
        out!.push(text)
        return Promise.resolve()
      }),
    stderr: (text) => {
      err!.push(text)
      return Promise.resolve()
    },
    isInteractive: options.answer !== undefined,
    hasColors: options.hasColors ?? false,
    load: options.load ?? (() => Promise.resolve(options.config)),
    loadPackage: options.loadPackage ?? (() => Promise.resolve(undefined)),
    ask: (question) => {
      asked!.push(question)
      return Promise.resolve(options.answer ?? '')
    },
    signal: options.signal ?? new AbortController().signal,
  })
  return { code, stdout: out!.join(''), stderr: err!.join(''), asked: asked! }
}

async function* inputOf(text = ''): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  if (text !== '') yield Buffer.from(text)
}

/** What JSON may hold; a test that is wrong about it fails. */
type Json = Record<string, ReturnType<JSON['parse']>>

/** What `--json` printed: one object per line. */
export function jsonLines({ stdout }: Result): readonly Json[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json)
}

/** The one object that `--json` printed. */
export function jsonOf(result: Result): Json {
  const [only, ...more] = jsonLines(result)
  if (only === undefined || more.length > 0) throw new Error(`not one object: ${JSON.stringify(result)}`)
  return only
}

/** What people see of one thing: name → value. */
export function detailsOf({ stdout }: Result): Record<string, string> {
  return Object.fromEntries(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => /^(\S+) {2,}(.*)$/.exec(line)!.slice(1, 3) as [string, string]),
  )
}
