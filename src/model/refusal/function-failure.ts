import { errorName, phrase, typeOf } from '../../util/quote.js'
import { explain } from '../detail/explain.js'
import { createCause, Refusal, thrownRefusal } from './refusal.js'

/** Names of the functions that threw, by the error. A refusal is copied on its way, and its cause stays the same. */
const failed = new WeakMap<object, string>()

/**
 * Creates the refusal of a request during which a function of the application or of a custom issuer threw: 503, because the
 * failure says nothing about the token. A thrown refusal is used as it is.
 *
 * @param name - name of the function in its options.
 * @param failure - describes the failure without the message of the error, which may quote a secret.
 */
export function functionFailure(name: string, error: unknown, failure = errorName(error)): Refusal {
  if (error instanceof Refusal) return thrownRefusal(error)
  const cause = isObject(error) ? error : createCause(`${name} threw ${typeOf(error)}`)
  failed.set(cause, name)
  const values = { function: phrase(name), error: phrase(failure) }
  return new Refusal('issuer_unavailable', {
    cause,
    detail: explain('issuer_unavailable', 'function', values),
  })
}

/** The name of the function whose failure caused a refusal; `undefined` for any other refusal. */
export function failedFunctionOf({ reason, cause }: Refusal): string | undefined {
  return reason === 'issuer_unavailable' && isObject(cause) ? failed.get(cause) : undefined
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
