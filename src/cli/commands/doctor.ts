import type { Policy } from '../../policy/policy.js'
import { isRecord } from '../../util/members.js'
import { internalsOf, issuersOf } from '../../verifier/verifier.js'
import { command, type CommandResult } from '../command.js'
import { loadConfig, type LoadedConfig } from '../diagnosis/config.js'
import { reportLines } from '../diagnosis/lines.js'
import { DOCTOR_CHECKS } from '../doctor/checks.js'
import type { DoctorContext } from '../doctor/context.js'
import type { Finding } from '../doctor/finding.js'
import { inspectIssuer, issuersToInspect } from '../doctor/inspected-issuer.js'
import { DOCTOR_CODES, EXIT, UsageError } from '../exit-code.js'
import { headerName, required, text } from '../input/option.js'

interface NamedFinding extends Finding {
  readonly check: string
}

const doctor = command({
  name: 'doctor',
  summary:
    'Checks the configuration against the real issuers, and a guarded route. It never sends a real token.',
  options: {
    config: required(text('PATH', 'a module that exports `verifier`')),
    url: text('URL', 'a guarded route, such as https://orders.internal/orders'),
    header: headerName('with --url: the header with the bare token, as in the guard option header'),
  },
  example: 'doctor --config ./auth.mjs --url https://orders.internal/orders',
  needs: [],
  effect: 'reads',
  exitCodes: DOCTOR_CODES,
  prepare: ({ values: { config, url, header }, load, signal, hasColors }) => {
    if (url !== undefined && !/^https?:\/\//.test(url))
      throw new UsageError('--url: must be an absolute http: or https: URL')
    return {
      run: async () => {
        const loaded = await loadConfig({ config }, { load, signal })
        const findings = await examine(await contextOf(loaded, url, header ?? loaded.header))
        loaded.verifier.close()
        return resultOf(findings, hasColors)
      },
    }
  },
})

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
    const findings = await find(context)
    all.push(...findings.map((finding) => ({ check: name, ...finding })))
  }
  return all
}

function resultOf(findings: readonly NamedFinding[], hasColors: boolean): CommandResult {
  const severalIssuers = new Set(findings.map(({ issuer }) => issuer)).size > 2
  const lines = findings.map(({ check, issuer, detail, ...rest }) => ({
    name: check.replaceAll('_', ' '),
    ...rest,
    detail: severalIssuers && issuer !== undefined ? `${issuer}: ${detail}` : detail,
  }))
  const failures = findings.filter(({ result }) => result === 'failed').length
  const warnings = findings.filter(({ result }) => result === 'warning').length
  return {
    report: `${reportLines(lines, hasColors)}\nResult: ${count(failures, 'failure')}, ${count(warnings, 'warning')}\n`,
    json: {
      failures,
      warnings,
      checks: findings.map(({ check, issuer, result, detail, advice }) => ({
        check,
        issuer,
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
