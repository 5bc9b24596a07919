import type { Policy } from '../../policy/policy.js'
import { isRecord } from '../../util/members.js'
import { internalsOf, issuersOf } from '../../verifier/verifier.js'
import { command, type CommandResult } from '../command.js'
import { loadModule, type LoadedConfig, type LoadedModule } from '../diagnosis/config.js'
import { reportLines } from '../diagnosis/lines.js'
import { DOCTOR_CHECKS } from '../doctor/checks.js'
import type { DoctorContext } from '../doctor/context.js'
import type { Finding } from '../doctor/finding.js'
import { inspectIssuer, issuersToInspect } from '../doctor/inspected-issuer.js'
import { inspectSource, type NamedSource } from '../doctor/inspected-source.js'
import { checkNode } from '../doctor/node-check.js'
import { SOURCE_CHECKS, type GuardOfTokens } from '../doctor/source-checks.js'
import { DOCTOR_CODES, EXIT, UsageError } from '../exit-code.js'
import { headerName, required, text } from '../input/option.js'
import type { Terminal } from '../terminal.js'

interface NamedFinding extends Finding {
  readonly check: string
}

const doctor = command({
  name: 'doctor',
  summary:
    'Checks the configuration against the real issuers, a guarded route, and token sources. It never prints a token.',
  options: {
    config: required(text('PATH', 'a module that exports `verifier`, `source` or `sources`')),
    url: text('URL', 'a guarded route, such as https://orders.internal/orders'),
    header: headerName('with --url: the header with the bare token, as in the guard option header'),
    guard: text(
      'PATH',
      'a module that exports the `verifier` of the API that the tokens of the sources are for',
    ),
  },
  example: 'doctor --config ./auth.mjs --url https://orders.internal/orders',
  needs: [],
  effect: 'reads',
  exitCodes: DOCTOR_CODES,
  prepare: ({ values: { config, url, header, guard }, load, signal, hasColors }) => {
    if (url !== undefined && !/^https?:\/\//.test(url))
      throw new UsageError('--url: must be an absolute http: or https: URL')
    return {
      run: async () => {
        const loaded = await loadModule('--config', config, { load, signal })
        if (loaded.verifier === undefined && loaded.sources.length === 0)
          throw new UsageError(
            '--config: the module must export a verifier: export const verifier = createVerifier({ ... }), or a token source: export const source = tokenSource({ ... })',
          )
        const { verifier } = loaded
        if (verifier === undefined && url !== undefined)
          throw new UsageError('--url: requires a config that exports a verifier')
        const guardOfTokens = await loadGuard(guard, loaded, { load, signal })
        const findings =
          verifier === undefined
            ? named('node', checkNode({ nodeVersion: process.versions.node, now: Date.now }))
            : await examine(await contextOf({ ...loaded, verifier }, url, header ?? loaded.header))
        const ofSources = await examineSources(loaded.sources, guardOfTokens)
        verifier?.close()
        guardOfTokens?.verifier.close()
        return resultOf([...findings, ...ofSources], hasColors)
      },
    }
  },
})

/** The verifier that examines the tokens of the sources. */
async function loadGuard(
  path: string | undefined,
  { sources, verifier }: LoadedModule,
  terminal: Pick<Terminal, 'load' | 'signal'>,
): Promise<GuardOfTokens | undefined> {
  if (path === undefined) return verifier === undefined ? undefined : { verifier, isNamed: false }
  if (sources.length === 0) throw new UsageError('--guard: requires a config that exports source or sources')
  const { verifier: named } = await loadModule('--guard', path, terminal)
  if (named === undefined)
    throw new UsageError(
      '--guard: the module must export a verifier: export const verifier = createVerifier({ ... })',
    )
  return { verifier: named, isNamed: true }
}

async function examineSources(
  sources: readonly NamedSource[],
  guard: GuardOfTokens | undefined,
): Promise<readonly NamedFinding[]> {
  const all: NamedFinding[] = []
  for (const inspected of await Promise.all(sources.map(inspectSource))) {
    const source = inspected.name === undefined ? {} : { source: inspected.name }
    for (const { name, find } of SOURCE_CHECKS)
      all.push({ check: name, ...source, ...(await find(inspected, guard)) })
  }
  return all
}

function named(check: string, findings: readonly Finding[]): readonly NamedFinding[] {
  return findings.map((finding) => ({ check, ...finding }))
}

async function contextOf(
  { verifier, exports }: LoadedConfig,
  url: string | undefined,
  header: string | undefined,
): Promise<DoctorContext> {
  const now = Date.now
  const issuers = issuersOf(verifier).flatMap(issuersToInspect)
  return {
    verifier,
    issuers: await Promise.all(issuers.map((issuer) => inspectIssuer(issuer, now))),
    policies: policiesIn(exports),
    url,
    header,
    toleranceSeconds: internalsOf(verifier)?.toleranceSeconds ?? 5,
    now,
    nodeVersion: process.versions.node,
  }
}

/** The export `policies`: a list of policies, or an object of policies by name. */
function policiesIn({ policies }: Readonly<Record<string, unknown>>): readonly Policy[] {
  if (policies === undefined) return []
  const list: readonly unknown[] = Array.isArray(policies)
    ? policies
    : isRecord(policies)
      ? Object.values(policies)
      : [policies]
  if (!list.every(isRecord))
    throw new UsageError(
      '--config: the export policies must be a list of policies, or an object of policies by name',
    )
  return list
}

async function examine(context: DoctorContext): Promise<readonly NamedFinding[]> {
  const all: NamedFinding[] = []
  for (const { name, find } of DOCTOR_CHECKS) {
    all.push(...named(name, await find(context)))
  }
  return all
}

function resultOf(findings: readonly NamedFinding[], hasColors: boolean): CommandResult {
  const severalIssuers = new Set(findings.map(({ issuer }) => issuer)).size > 2
  const lines = findings.map(({ check, issuer, source, detail, ...rest }) => {
    const subject = source ?? (severalIssuers ? issuer : undefined)
    return {
      name: check.replaceAll('_', ' '),
      ...rest,
      detail: subject === undefined ? detail : `${subject}: ${detail}`,
    }
  })
  const failures = findings.filter(({ result }) => result === 'failed').length
  const warnings = findings.filter(({ result }) => result === 'warning').length
  return {
    report: `${reportLines(lines, hasColors)}\nResult: ${count(failures, 'failure')}, ${count(warnings, 'warning')}\n`,
    json: {
      failures,
      warnings,
      checks: findings.map(({ check, issuer, source, result, detail, advice }) => ({
        check,
        issuer,
        source,
        result,
        detail,
        advice,
      })),
    },
    code: failures > 0 ? EXIT.failed : EXIT.done,
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

export const DOCTOR_COMMANDS = [doctor]
