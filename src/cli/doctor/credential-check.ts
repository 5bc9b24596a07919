import { opaqueProbeToken, probeToken } from '../../introspection/probe-token.js'
import type { Explanation } from '../../model/explanation.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import { causeOf } from '../../model/refusal/refusal.js'
import { adviceFor } from '../../telemetry/failure-advice.js'
import { issuersOf, type Verifier } from '../../verifier/verifier.js'
import { adviceOn } from '../diagnosis/advice.js'
import type { DoctorContext } from './context.js'
import { failed, passed, skipped, type Finding } from './finding.js'

/** Introspects a random token at each issuer. The result `inactive` proves that our credentials are accepted. */
export function checkCredentials({ verifier }: DoctorContext): Promise<readonly Finding[]> {
  return Promise.all(issuersOf(verifier).map((issuer) => checkIssuer(verifier, issuer)))
}

async function checkIssuer(verifier: Verifier, issuer: Issuer): Promise<Finding> {
  const { name } = issuer
  const token = randomToken(issuer)
  if (token === undefined) return skipped('the issuer introspects no tokens', name)
  const explanation = await verifier.explain(token)
  const { outcome, refusal } = explanation
  const step = explanation.steps.find(({ check }) => check === 'introspection')
  if (outcome === 'undecidable') return failed(step?.detail ?? '', cureFor(explanation), name)
  if (step?.result === 'failed' && refusal?.reason === 'token_inactive')
    return passed('the issuer accepts our credentials: a random token is inactive', name)
  if (step?.result === 'passed')
    return failed(
      'the issuer confirms a random token as active',
      'Check that the introspection endpoint is that of the issuer: its responses must not be used.',
      name,
    )
  return skipped(
    `the random token was not introspected: ${refusal?.detail ?? 'another check refused it'}`,
    name,
  )
}

/** A token in the format of the issuer that it cannot know; `undefined` if it introspects none. */
export function randomToken({ jwt, opaque, remote, tenants }: Issuer): string | undefined {
  if (remote === undefined || tenants !== undefined) return undefined
  const opaquePrefix = opaque?.prefix ?? undefined
  if (opaque !== undefined) return opaqueProbeToken({ opaquePrefix })
  if (jwt?.checked !== 'remote') return undefined
  return probeToken('e30.e30.', { opaquePrefix, jwtIssuer: jwt.issuers?.[0] })
}

function cureFor({ refusal }: Explanation): string {
  if (refusal === undefined || refusal.reason === 'issuer_refused_us') return adviceOn('issuer_refused_us')
  return `${adviceFor(causeOf(refusal)) || 'Set the option that the message names'}.`
}
