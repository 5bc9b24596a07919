import { ConfigurationError } from '../../options/configuration-error.js'
import { isRecord } from '../../util/members.js'
import { quote } from '../../util/quote.js'

/** Returns the problem with an issuer that a verifier does not have; `undefined` for one of its issuers. */
export type IssuerCheck = (issuer: string) => string | undefined

/** Shared by all copies of the package. Increase the number when {@link IssuerCheck} changes. */
const CHECK = Symbol.for('m2m-guard@0/issuer-check/1')

/** Attaches the check of a verifier. It is not enumerable, so that a copy of the methods lacks it. */
export function setIssuerCheck(verifier: object, check: IssuerCheck): void {
  Object.defineProperty(verifier, CHECK, { value: check })
}

/**
 * Refuses issuers that a verifier does not have. An object without a check, such as revocations without a verifier, has no
 * issuers to compare with.
 *
 * @param reason - precedes the problem in the message.
 * @throws ConfigurationError that names `option`.
 */
export function requireKnownIssuers(
  option: string,
  verifier: unknown,
  issuers: readonly unknown[],
  reason = '',
): void {
  if (!isRecord(verifier) || !Object.hasOwn(verifier, CHECK)) return
  const check = (verifier as { readonly [CHECK]?: IssuerCheck })[CHECK]
  for (const issuer of issuers) {
    const problem = typeof issuer === 'string' ? check?.(issuer) : undefined
    if (problem !== undefined) throw new ConfigurationError(option, `${reason}${quote(issuer)} ${problem}`)
  }
}
