/** Emits a process warning about a function that threw. `issuer` is the name of the configured issuer, if one is known. */
export type WarnOfFunction = (name: string, issuer: string | undefined) => void

/**
 * Creates the warnings about functions of the application that throw: one per function and issuer, because they would
 * otherwise repeat with each request. None with the option `onDecision`, whose events report each failure.
 */
export function functionWarnings(hasDecisionObserver: boolean): WarnOfFunction {
  const warned = new Set<string>()
  return (name, issuer) => {
    const where = issuer === undefined ? name : `${issuer}: ${name}`
    if (hasDecisionObserver || warned.has(where)) return
    warned.add(where)
    process.emitWarning(
      `${where} failed, so that tokens get 503. The detail of the refusal names the error. ` +
        'Set onDecision to be notified in place of this warning',
      { code: 'M2M_GUARD_FUNCTION_FAILURE' },
    )
  }
}
