import type { Result } from '../diagnosis/lines.js'

/** What one check found. */
export interface Finding {
  /** Name of the issuer that it is about; absent if it is about none. */
  readonly issuer?: string
  /** Name of the token source that it is about; absent if it is about none, or the source has no name. */
  readonly source?: string
  readonly result: Result
  readonly detail: string
  /** What to do; absent for a check that passed or was skipped. */
  readonly advice?: string
}

export const passed = (detail: string, issuer?: string): Finding =>
  finding('passed', detail, undefined, issuer)
export const skipped = (detail: string, issuer?: string): Finding =>
  finding('skipped', detail, undefined, issuer)
export const failed = (detail: string, advice: string, issuer?: string): Finding =>
  finding('failed', detail, advice, issuer)
export const warning = (detail: string, advice: string, issuer?: string): Finding =>
  finding('warning', detail, advice, issuer)

function finding(
  result: Result,
  detail: string,
  advice: string | undefined,
  issuer: string | undefined,
): Finding {
  return {
    ...(issuer === undefined ? {} : { issuer }),
    result,
    detail,
    ...(advice === undefined ? {} : { advice }),
  }
}
