import type { RefusalReason } from '../refusal/reasons.js'
import type { VerificationFailure } from '../refusal/refusal.js'
import { filledDetail, lazyDetail, type PlaceholderOf } from './format.js'
import { DETAILS } from './templates.js'

type Details = typeof DETAILS

/** Cases of a reason, such as `absent` of `claim_missing`. */
type CaseOf<R extends RefusalReason> = keyof Details[R] & string

/** Values of a template's placeholders. */
type ValuesOf<R extends RefusalReason, C extends CaseOf<R>> = Details[R][C] extends string
  ? Readonly<Record<PlaceholderOf<Details[R][C]>, unknown>>
  : never

/**
 * Creates the `detail` of a refusal: what was compared with what. The sentence is created when it is first read.
 *
 * @param values - values from outside, which are quoted; `phrase()` for a string of this package.
 */
export function explain<R extends RefusalReason, C extends CaseOf<R>>(
  reason: R,
  name: C,
  values: ValuesOf<R, C>,
): () => string {
  return lazyDetail(templateOf(reason, name), values)
}

/** Creates the failure of a token's verification, with the sentence of a template. */
export function failureOf<R extends RefusalReason, C extends CaseOf<R>>(
  reason: R,
  name: C,
  values: ValuesOf<R, C>,
): VerificationFailure {
  return { reason, detail: filledDetail(templateOf(reason, name), values) }
}

function templateOf<R extends RefusalReason>(reason: R, name: CaseOf<R>): string {
  return (DETAILS[reason] as Readonly<Record<string, string>>)[name] ?? ''
}
