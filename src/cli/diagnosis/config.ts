import type { TokenSource } from '../../client/index.js'
import { oauth } from '../../providers/oauth.js'
import { createVerifier } from '../../verifier/create-verifier.js'
import type { Verifier } from '../../verifier/verifier.js'
import { isRecord } from '../../util/members.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { tokenHeader } from '../../options/token-header.js'
import { within } from '../../util/abort.js'
import { timers } from '../../util/timers.js'
import { errorName } from '../../util/quote.js'
import { UsageError } from '../exit-code.js'
import type { NamedSource } from '../doctor/inspected-source.js'
import type { Terminal } from '../terminal.js'

/** Where the verifier of a diagnosis comes from. */
export interface VerifierSource {
  readonly config: string | undefined
  readonly issuer?: string | undefined
  readonly audience?: readonly string[] | undefined
}

/** A verifier, and the module that exports it. */
export interface LoadedConfig {
  readonly verifier: Verifier
  /** Exports of the module; empty without one. */
  readonly exports: Readonly<Record<string, unknown>>
  /** The header with the bare token that the module exports as `header`; `undefined` for `Authorization: Bearer`. */
  readonly header: string | undefined
}

/** Maximum time for importing the module. Connecting to a store that responds takes less than a second. */
const LOAD_SECONDS = 30

/**
 * Loads the verifier of an application, or creates one for an issuer.
 *
 * @throws UsageError if the module cannot be imported or exports no verifier, or the options do not fit together.
 */
export async function loadConfig(
  source: VerifierSource,
  { load, signal }: Pick<Terminal, 'load' | 'signal'>,
): Promise<LoadedConfig> {
  const { config, issuer, audience } = source
  if (config === undefined) {
    if (issuer === undefined || audience === undefined)
      throw new UsageError('pass --config PATH, or --issuer URL and --audience AUDIENCE')
    return {
      verifier: withoutWarnings(createVerifier({ issuers: [oauth({ issuer, audience })] })),
      exports: {},
      header: undefined,
    }
  }
  if (issuer !== undefined || audience !== undefined)
    throw new UsageError('--config: cannot be combined with --issuer or --audience')
  const { verifier, ...loaded } = await loadModule('--config', config, { load, signal })
  if (verifier === undefined)
    throw new UsageError(
      '--config: the module must export a verifier: export const verifier = createVerifier({ ... })',
    )
  return { verifier, ...loaded }
}

/** What a module of the application exports. */
export interface LoadedModule extends Omit<LoadedConfig, 'verifier'> {
  readonly verifier: Verifier | undefined
  /** The token sources of the exports `source` and `sources`. */
  readonly sources: readonly NamedSource[]
}

/**
 * Loads a module of the application. `option` is the name of the option, for messages.
 *
 * @throws UsageError if the module cannot be imported.
 */
export async function loadModule(
  option: string,
  path: string,
  { load, signal }: Pick<Terminal, 'load' | 'signal'>,
): Promise<LoadedModule> {
  const exports = exportsOf(await imported(option, path, load, signal))
  const verifier = [exports['verifier'], exports['default']].find(isVerifier)
  return {
    verifier: verifier === undefined ? undefined : withoutWarnings(verifier),
    exports,
    header: headerIn(exports),
    sources: sourcesIn(option, exports),
  }
}

function sourcesIn(option: string, exports: Readonly<Record<string, unknown>>): readonly NamedSource[] {
  const { source, sources = {} } = exports
  const named: readonly (readonly [string | undefined, unknown])[] = [
    ...(source === undefined ? [] : ([[undefined, source]] as const)),
    ...(isRecord(sources) ? Object.entries(sources) : ([['sources', undefined]] as const)),
  ]
  return named.map(([name, value]) => {
    if (isTokenSource(value)) return { name, source: value }
    throw new UsageError(
      `${option}: the export source must be a token source, and sources an object of token sources by name`,
    )
  })
}

function isTokenSource(value: unknown): value is TokenSource {
  return (
    isRecord(value) && typeof value['getTokenInfo'] === 'function' && typeof value['observe'] === 'function'
  )
}

/** The result shows failures of issuers, so that a process warning would repeat them. */
function withoutWarnings(verifier: Verifier): Verifier {
  verifier.observe({ onIssuerEvent: () => undefined })
  return verifier
}

function headerIn({ header }: Readonly<Record<string, unknown>>): string | undefined {
  try {
    return header === undefined ? undefined : tokenHeader.read('--config: the export header', header)
  } catch (error) {
    throw error instanceof ConfigurationError
      ? new UsageError(error.message.replace(' header: ', ' header '))
      : error
  }
}

async function imported(
  option: string,
  path: string,
  load: Terminal['load'],
  signal: AbortSignal,
): Promise<unknown> {
  const late = (): Error =>
    new UsageError(
      `${option}: the module was not loaded after ${LOAD_SECONDS} s, because it awaits something that does not end. Check that everything it connects to, such as Redis, is reachable from here`,
    )
  // A module that awaits nothing that is open would end the process, without a message.
  const release = timers.keepAlive()
  try {
    return await within({ seconds: LOAD_SECONDS, signal, late }, () => load(path))
  } catch (error) {
    if (error instanceof UsageError || signal.aborted) throw error
    throw new UsageError(`${option}: importing the module failed with ${describe(error)}`)
  } finally {
    release()
  }
}

function describe(error: unknown): string {
  return error instanceof Error
    ? `${errorName(error)}: ${error.message.split('\n', 1)[0] ?? ''}`
    : errorName(error)
}

/** The exports of a module. Those of a CommonJS module may all be in its default export. */
function exportsOf(module: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(module)) return {}
  const { default: inner } = module
  return isRecord(inner) && !isVerifier(inner) ? { ...inner, ...module } : module
}

function isVerifier(value: unknown): value is Verifier {
  return isRecord(value) && typeof value['authorize'] === 'function' && typeof value['explain'] === 'function'
}
