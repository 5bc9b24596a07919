import { oauth } from '../../providers/oauth.js'
import { createVerifier } from '../../verifier/create-verifier.js'
import type { Verifier } from '../../verifier/verifier.js'
import { isRecord } from '../../util/members.js'
import { errorName } from '../../util/quote.js'
import { UsageError } from '../exit-code.js'
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
}

/**
 * Loads the verifier of an application, or creates one for an issuer.
 *
 * @throws UsageError if the module cannot be imported or exports no verifier, or the options do not fit together.
 */
export async function loadConfig(source: VerifierSource, load: Terminal['load']): Promise<LoadedConfig> {
  const { config, issuer, audience } = source
  if (config === undefined) {
    if (issuer === undefined || audience === undefined)
      throw new UsageError('pass --config PATH, or --issuer URL and --audience AUDIENCE')
    return {
      verifier: withoutWarnings(createVerifier({ issuers: [oauth({ issuer, audience })] })),
      exports: {},
    }
  }
  if (issuer !== undefined || audience !== undefined)
    throw new UsageError('--config: cannot be combined with --issuer or --audience')
  const exports = exportsOf(await imported(config, load))
  const verifier = [exports['verifier'], exports['default']].find(isVerifier)
  if (verifier === undefined)
    throw new UsageError(
      '--config: the module must export a verifier: export const verifier = createVerifier({ ... })',
    )
  return { verifier: withoutWarnings(verifier), exports }
}

/** The result shows failures of issuers, so that a process warning would repeat them. */
function withoutWarnings(verifier: Verifier): Verifier {
  verifier.observe({ onIssuerEvent: () => undefined })
  return verifier
}

async function imported(path: string, load: Terminal['load']): Promise<unknown> {
  try {
    return await load(path)
  } catch (error) {
    throw new UsageError(`--config: importing the module failed with ${describe(error)}`)
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
