import type { Refusal } from '../model/refusal/refusal.js'
import { bodyOf, contentTypeOf, type RefusalBody } from '../model/refusal/body.js'

export type { RefusalBody } from '../model/refusal/body.js'

/** HTTP response of a refusal. */
export interface RefusalResponse {
  readonly status: number
  /** Headers of the refusal, and `Content-Type`. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

/** Renders a refusal as an HTTP response. */
export function refusalResponse(refusal: Refusal, form: RefusalBody): RefusalResponse {
  return {
    status: refusal.status,
    headers: { ...refusal.headers, 'Content-Type': contentTypeOf(form) },
    body: JSON.stringify(bodyOf(refusal, form)),
  }
}
