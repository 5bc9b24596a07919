import { presentMember } from '../../../model/claim-path.js'
import { quote } from '../../../util/quote.js'
import { callerFailure, presentClaim, type CallerRule } from './rules.js'

/** Claims of people in access tokens and ID tokens. An ID token has neither `idtyp` nor `scp`, and may have the same `aud`. */
const PERSONAL_CLAIMS = [
  'scp',
  'puid',
  'amr',
  'sid',
  'ipaddr',
  'login_hint',
  'onprem_sid',
  'preferred_username',
  'upn',
  'unique_name',
  'name',
  'email',
  'given_name',
  'family_name',
]

/** Accepts app-only tokens: `idtyp` is `app`, or the optional claim `idtyp` is absent and nothing marks a person. */
export const isApp: CallerRule = (claims) => {
  const type = presentMember(claims, 'idtyp')
  if (type === 'app') return undefined
  if (type !== undefined) return callerFailure(`idtyp is ${quote(type)}, not "app"`)
  const personal = presentClaim(claims, PERSONAL_CLAIMS)
  if (personal !== undefined)
    return callerFailure(`idtyp is missing, and ${personal} marks the token of a person`)
  if (presentClaim(claims, ['azp', 'appid']) === undefined) {
    return callerFailure('idtyp, azp and appid are missing: this is not an access token of an app')
  }
  const object = presentMember(claims, 'oid')
  if (object === undefined)
    return callerFailure(
      'idtyp and oid are missing. Add the optional claim idtyp to the access tokens of the API',
    )
  if (object === presentMember(claims, 'sub')) return undefined
  return callerFailure('idtyp is missing, and oid differs from sub, as in the token of a person')
}
