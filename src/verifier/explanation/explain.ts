import { decodeJwt, looksLikeJwt } from '../../jwt/decode.js'
import type { CheckName, Explanation, ExplanationStep } from '../../model/explanation.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import type { RecordedStage, Recorder } from '../../model/recorder.js'
import type { Refusal } from '../../model/refusal/refusal.js'
import type { PolicySet } from '../../policy/combine.js'
import type { Revocations } from '../../revocation/revocations.js'
import { maskTokenIn } from '../../telemetry/mask-token.js'
import type { Authorizer, RecordedDecision } from '../authorizer.js'
import { failedCheck } from './failed-check.js'
import { isOffline } from './conditions.js'
import { CHECKS, NotApplicable, PASSED, type ExplainedDecision, type TokenKind } from './passed-checks.js'

/** Settings of an explanation. */
export interface ExplanationSettings {
  readonly authorizer: Authorizer
  readonly issuers: readonly Issuer[]
  readonly maxTokenLength: number
  readonly revocations: Revocations | undefined
  /** Lower-case name of the header with the bare token; `undefined` for `Authorization: Bearer`. */
  readonly header: string | undefined
}

/** Keeps the last part of a decision that was entered. */
class LastStage implements Recorder {
  stage: RecordedStage = 'header'

  enter(stage: RecordedStage): void {
    this.stage = stage
  }
}

/** Decides on a token or a request, and explains the decision. Emits no event. */
export async function explainDecision(
  input: unknown,
  policies: PolicySet,
  { authorizer, issuers, maxTokenLength, revocations, header }: ExplanationSettings,
): Promise<Explanation> {
  const recorder = new LastStage()
  const recorded = await authorizer.record(input, policies, recorder, header)
  const { decision } = recorded
  const refusal = decision.outcome === 'accepted' ? undefined : decision.refusal
  const failed = refusal === undefined ? undefined : findFailed(recorder.stage, refusal, recorded, issuers)
  const steps = stepsOf(describe(recorded, refusal, failed, { maxTokenLength, revocations }), refusal)
  const { outcome } = decision
  return Object.freeze(refusal === undefined ? { outcome, steps } : { outcome, refusal, steps })
}

/** A cached refusal of a JWT that is verified with keys is that of its confirmation. */
function findFailed(
  stage: RecordedStage,
  refusal: Refusal,
  { context: { token } }: RecordedDecision,
  issuers: readonly Issuer[],
): CheckName {
  const failed = failedCheck(stage, refusal.reason)
  if (stage !== 'cache' || failed !== 'introspection' || !looksLikeJwt(token)) return failed
  const issuer = issuers.find(({ name }) => name === refusal.issuer)
  return issuer?.jwt?.checked === 'local' ? 'confirmation' : failed
}

function describe(
  { context }: RecordedDecision,
  refusal: Refusal | undefined,
  failed: CheckName | undefined,
  settings: Pick<ExplanationSettings, 'maxTokenLength' | 'revocations'>,
): ExplainedDecision {
  const { resolved, token } = context
  // Nothing of a token without a digest was read: it is absent, no string, or too long.
  const unverified = context.digest !== '' && looksLikeJwt(token) ? decodeJwt(token) : undefined
  const isJwt = unverified !== undefined
  return {
    context,
    kind: resolved === undefined ? kindByCheck(failed, isJwt) : kindOf(resolved.cached),
    header: unverified?.header ?? {},
    isJwt,
    issuerName: resolved?.cached.issuer.issuer.name ?? refusal?.issuer,
    failed,
    ...settings,
  }
}

function kindOf({
  key,
  token,
}: {
  readonly key: object | undefined
  readonly token: { readonly format: string }
}): TokenKind {
  if (key !== undefined) return 'local_jwt'
  return token.format === 'jwt' ? 'introspected_jwt' : 'opaque'
}

/** How a token is verified that failed this check of its verification. */
function kindByCheck(failed: CheckName | undefined, isJwt: boolean): TokenKind {
  if (!isJwt) return 'opaque'
  return failed === 'introspection' ? 'introspected_jwt' : 'local_jwt'
}

/** The detail of a check behind the one that decided. */
export const NOT_REACHED = 'not reached'

function stepsOf(decision: ExplainedDecision, refusal: Refusal | undefined): readonly ExplanationStep[] {
  const { failed, context, maxTokenLength } = decision
  const end = failed === undefined ? CHECKS.length : CHECKS.indexOf(failed)
  const { token } = context
  // A token that is not a string or is too long was not read, so no detail can contain it.
  const isReadable = typeof token === 'string' && token !== '' && token.length <= maxTokenLength
  const masked = (detail: string): string => (isReadable ? maskTokenIn(detail, token) : detail)
  const steps = CHECKS.map((check, index): ExplanationStep => {
    if (index > end) return { check, result: 'skipped', detail: NOT_REACHED }
    if (index === end && isOffline(refusal))
      return { check, result: 'skipped', detail: refusal?.detail ?? '' }
    if (index === end)
      return { check, result: 'failed', detail: masked(refusal?.detail ?? refusal?.description ?? '') }
    const detail = PASSED[check](decision)
    return detail instanceof NotApplicable
      ? { check, result: 'skipped', detail: detail.reason }
      : { check, result: 'passed', detail: masked(detail) }
  })
  return Object.freeze(steps.map((step) => Object.freeze(step)))
}
