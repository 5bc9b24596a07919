import type { CheckName, Explanation } from '../../model/explanation.js'
import type { GuardedRequest } from '../../model/request.js'
import { ConfigurationError } from '../../options/configuration-error.js'
import { compilePolicy } from '../../policy/compile.js'
import type { Policy } from '../../policy/policy.js'
import { NOT_REACHED } from '../../verifier/explanation/explain.js'
import { internalsOf, type Verifier } from '../../verifier/verifier.js'
import { command, omitUndefined, type CommandResult } from '../command.js'
import { adviceOn } from '../diagnosis/advice.js'
import { loadConfig } from '../diagnosis/config.js'
import { reportLines, type ReportLine } from '../diagnosis/lines.js'
import { EXPLAIN_CODES, EXPLAIN_EXIT, UsageError } from '../exit-code.js'
import { duration, flag, headerName, moment, object, repeatable, text } from '../input/option.js'

const OPTIONS = {
  config: text('PATH', 'a module that exports `verifier`'),
  issuer: text('URL', 'the issuer, in place of a config'),
  audience: repeatable(text('AUDIENCE', 'the audience of this API, with --issuer')),
  policy: object('the policy of the route, such as {"scopes":"orders:read","clients":["billing"]}'),
  scopes: text('SCOPES', 'scopes that the route requires, separated by spaces'),
  maxTokenAge: duration('maximum age of the token for the route, such as 3600 (seconds), 90s, 15m or 1h'),
  header: headerName(
    'the header with the bare token, as in the guard option header; default Authorization: Bearer',
  ),
  at: moment(
    'the time with which the times of the token are compared, such as 2030-01-31T08:00:00Z or seconds since the epoch; default now',
  ),
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
  prepare: ({ values, operand, load, signal, hasColors }) => {
    const policy = policyOf(values)
    return {
      run: async () => {
        const { verifier, ...config } = await loadConfig(values, { load, signal })
        const header = values.header ?? config.header
        const request = requestWith(operand, header)
        const explanation = await explainUnder(verifier, request, policy, { ...values, header })
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
  try {
    compilePolicy('--policy', policy)
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message) : error
  }
  return policy
}

/** The request that a caller with this token sends. The input may be the value or the line of the header. */
function requestWith(input: string, header: string | undefined): GuardedRequest {
  if (header !== undefined) {
    const start = `${header}:`
    const isLine = input.slice(0, start.length).toLowerCase() === start
    return { headers: { [header]: isLine ? input.slice(start.length).trim() : input } }
  }
  const value = /^authorization:\s*(.*)$/is.exec(input)?.[1] ?? input
  const token = /^bearer\s+(.*)$/is.exec(value)?.[1]
  if (token !== undefined) return { headers: { authorization: `Bearer ${token}` } }
  return { headers: { authorization: value === input ? `Bearer ${input}` : value } }
}

async function explainUnder(
  verifier: Verifier,
  request: GuardedRequest,
  policy: Policy | undefined,
  {
    at,
    offline,
    header,
  }: {
    readonly at: number | undefined
    readonly offline: true | undefined
    readonly header: string | undefined
  },
): Promise<Explanation> {
  if (at === undefined && offline === undefined && header === undefined)
    return verifier.explain(request, policy)
  const internals = internalsOf(verifier)
  if (internals === undefined)
    throw new UsageError(
      '--config: --at, --header and --offline need a verifier of createVerifier() of the same version, not a wrapper of one',
    )
  const shiftSeconds = at === undefined ? 0 : at - Date.now() / 1000
  return internals.explainUnder({ shiftSeconds, isOffline: offline === true, header }, request, policy)
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
  const { reason, status, error, description, detail, issuer, required } = refusal ?? {}
  const stated = { reason, status, error, description, detail, issuer }
  const answer =
    refusal === undefined
      ? 'accepted'
      : `${outcome}, ${refusal.status} ${refusal.error ?? 'without an error code'}, reason ${refusal.reason}`
  return {
    report:
      `${reportLines(linesOf(steps), hasColors)}\nResult: ${answer}\n` +
      (advice === undefined ? '' : `What to do: ${advice}\n`),
    json: { outcome, ...stated, advice, refusal: refusal && { ...stated, required }, steps },
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
