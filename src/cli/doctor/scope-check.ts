import { internalsOf } from '../../verifier/verifier.js'
import { isStringList, ownMember } from '../../util/members.js'
import { quote } from '../../util/quote.js'
import type { DoctorContext } from './context.js'
import { passed, skipped, warning, type Finding } from './finding.js'

/** Compares the scopes of the policies with `scopes_supported` of the discovery documents (RFC 8414 section 2). */
export function checkScopes({ verifier, issuers, policies }: DoctorContext): readonly Finding[] {
  const mentioned = internalsOf(verifier)?.combined(policies).mentionedScopes ?? []
  if (mentioned.length === 0)
    return [skipped('no policy of the verifier, or of the export policies, requires scopes')]
  return issuers.map(({ issuer: { name }, metadata }) => {
    const document = metadata === undefined || 'failure' in metadata ? undefined : metadata.value
    const supported: unknown = document === undefined ? undefined : ownMember(document, 'scopes_supported')
    if (!isStringList(supported)) return skipped('the issuer publishes no scopes_supported', name)
    const absent = mentioned.filter((scope) => !supported.includes(scope))
    if (absent.length === 0)
      return passed(`the issuer offers the scopes of the policies: ${quote(mentioned)}`, name)
    return warning(
      `scopes_supported of the issuer lacks ${quote(absent)}, which a policy requires`,
      'Check the spelling in the policy, and create the scope at the issuer. Some issuers publish only a part of their scopes.',
      name,
    )
  })
}
