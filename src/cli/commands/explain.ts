import type { CheckName, Explanation } from '../../model/explanation.js'
import type { GuardedRequest } from '../../model/request.js'
import type { Policy } from '../../policy/policy.js'
import { NOT_REACHED } from '../../verifier/explanation/explain.js'
import { internalsOf, type Verifier } from '../../verifier/verifier.js'
import { command, omitUndefined, type CommandResult } from '../command.js'
import { adviceOn } from '../diagnosis/advice.js'
import { loadConfig } from '../diagnosis/config.js'
import { reportLines, type ReportLine } from '../diagnosis/lines.js'
import { EXPLAIN_CODES, EXPLAIN_EXIT, UsageError } from '../exit-code.js'
import { duration, flag, moment, object, repeatable, text } from '../input/option.js'

const OPTIONS = {
  config: text('PATH', 'a module that exports `verifier`'),
  issuer: text('URL', 'the issuer, in place of a config'),
  audience: repeatable(text('AUDIENCE', 'the audience of this API, with --issuer')),
  policy: object('the policy of the route, such as {"scopes":"orders:read","clients":["billing"]}'),
  scopes: text('SCOPES', 'scopes that the route requires, separated by spaces'),
  maxTokenAge: duration('maximum age of the token for the route'),
  at: moment('the time with which the times of the token are compared; default now'),
  offline: flag('calls no issuer: checks that need a call are skipped'),
} as const

const explain = command({
  name: 'explain',
  summary: 'Shows why a token is accepted or refused: every check, and what it compared.',
  operand: { name: 'token', help: 'source of the token', isSecret: true },
  options: OPTIONS,
  example: 'explain - --config ./auth.mjs --scopes orders:read',
  needs: [],
  effect: 'reads',
  exitCodes: EXPLAIN_CODES,
  prepare: ({ values, operand, load, hasColors }) => {
    const policy = policyOf(values)
    const request = requestWith(operand)
    return {
      run: async () => {
        const { verifier } = await loadConfig(values, load)
        const explanation = await explainUnder(verifier, request, policy, values)
        verifier.close()
        return resultOf(explanation, values.offline === true, hasColors)
      },
    }
  },
})

function policyOf({
  policy,
  scopes,
  maxTokenAge,
}: {
  readonly policy: Readonly<Record<string, unknown>> | undefined
  readonly scopes: string | undefined
  readonly maxTokenAge: number | string | undefined
}): Policy | undefined {
  const single = omitUndefined({ scopes, maxTokenAge })
  if (policy === undefined) return Object.keys(single).length === 0 ? undefined : single
  if (Object.keys(single).length > 0)
    throw new UsageError(
      '--policy: cannot be combined with --scopes or --max-token-age. Write them into the JSON',
    )
  return policy
}

/** The request that a caller with this token sends. The input may be the value or the line of the header. */
function requestWith(input: string): GuardedRequest {
  const value = /^authorization:\s*(.*)$/is.exec(input)?.[1] ?? input
  const token = /^bearer\s+(.*)$/is.exec(value)?.[1]
  if (token !== undefined) return { headers: { authorization: `Bearer ${token}` } }
  return { headers: { authorization: value === input ? `Bearer ${input}` : value } }
}

async function explainUnder(
  verifier: Verifier,
  request: GuardedRequest,
  policy: Policy | undefined,
  { at, offline }: { readonly at: number | undefined; readonly offline: true | undefined },
): Promise<Explanation> {
  if (at === undefined && offline === undefined) return verifier.explain(request, policy)
  const internals = internalsOf(verifier)
  if (internals === undefined)
    throw new UsageError(
      '--config: --at and --offline need a verifier of createVerifier() of the same version, not a wrapper of one',
    )
  const shiftSeconds = at === undefined ? 0 : at - Date.now() / 1000
  return internals.explainUnder({ shiftSeconds, isOffline: offline === true }, request, policy)
}

function resultOf(
  { outcome, refusal, steps }: Explanation,
  isOffline: boolean,
  hasColors: boolean,
): CommandResult {
  const hasSkipped = isOffline && outcome === 'undecidable'
  const advice =
    refusal === undefined
      ? undefined
      : hasSkipped
        ? 'Run the command without --offline.'
        : adviceOn(refusal.reason)
  const { reason, status, error, description, detail, issuer } = refusal ?? {}
  const answer =
    refusal === undefined
      ? 'accepted'
      : `${outcome}, ${refusal.status} ${refusal.error ?? 'without an error code'}, reason ${refusal.reason}`
  return {
    report:
      `${reportLines(linesOf(steps), hasColors)}\nResult: ${answer}\n` +
      (advice === undefined ? '' : `What to do: ${advice}\n`),
    json: { outcome, reason, status, error, description, detail, issuer, advice, steps },
    code: EXPLAIN_EXIT[outcome],
  }
}

/** One line per check. The checks behind the one that decided are one line. */
function linesOf(steps: Explanation['steps']): readonly ReportLine[] {
  const reached = steps.filter(({ detail }) => detail !== NOT_REACHED)
  const lines = reached.map(({ check, ...step }): ReportLine => ({ name: titleOf(check), ...step }))
  const count = steps.length - reached.length
  if (count === 0) return lines
  return [
    ...lines,
    { name: NOT_REACHED, result: 'skipped', detail: count === 1 ? '1 check' : `${count} checks` },
  ]
}

function titleOf(check: CheckName): string {
  return check.replaceAll('_', ' ')
}

export const EXPLAIN_COMMANDS = [explain]
