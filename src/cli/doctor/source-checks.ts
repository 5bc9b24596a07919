import type { TokenSourceError } from '../../client/index.js'
import { parseJson } from '../../util/json.js'
import { isRecord, ownMember } from '../../util/members.js'
import { quote } from '../../util/quote.js'
import type { Verifier } from '../../verifier/verifier.js'
import { adviceOn } from '../diagnosis/advice.js'
import { failed, passed, skipped, warning, type Finding } from './finding.js'
import type { InspectedSource } from './inspected-source.js'

/** The verifier that the tokens are for. */
export interface GuardOfTokens {
  readonly verifier: Verifier
  /** Whether it was named with `--guard`. The verifier of the config may guard another API than the one that is called. */
  readonly isNamed: boolean
}

/** One row of the table of checks of a token source. */
interface SourceCheck {
  readonly name: string
  readonly find: (inspected: InspectedSource, guard: GuardOfTokens | undefined) => Finding | Promise<Finding>
}

/** Every check of a token source, in the order of the output. */
export const SOURCE_CHECKS: readonly SourceCheck[] = [
  { name: 'token_request', find: checkTokenRequest },
  { name: 'token_content', find: checkTokenContent },
  { name: 'token_accepted', find: checkTokenAccepted },
]

const NO_TOKEN = 'no token was obtained'

const REQUEST_ADVICE: Readonly<Record<TokenSourceError['reason'], string>> = {
  credentials_refused:
    'Compare the client id and the secret or key with those at the issuer. Has the secret expired, or was it rotated?',
  credentials_unavailable: 'Check the function or the file that the secret or key is read from.',
  request_refused: 'Compare scopes, audience and resource with what the issuer allows this client.',
  issuer_unavailable: 'Check the URL, DNS, the proxy and the network of this machine.',
  answer_unreadable:
    'Check the URLs of the issuer and of its token endpoint, and that no proxy or login page responds.',
  request_not_sent: 'Check allowedOrigins.',
  source_closed: 'Export a source that is not closed.',
}

/** Whether the issuer accepts the credentials and issues a token. */
function checkTokenRequest({ result }: InspectedSource): Finding {
  if ('skipped' in result) return skipped(`a request of a caller is needed: ${result.skipped}`)
  if ('error' in result)
    return failed(`${result.error.reason}: ${result.error.message}`, REQUEST_ADVICE[result.error.reason])
  const { expiresAt, scopes } = result.info
  const expiry =
    expiresAt === undefined ? 'never expires' : `expires in ${Math.round(expiresAt - Date.now() / 1000)} s`
  const granted = scopes.length === 0 ? '' : `, scopes ${quote(scopes)}`
  return passed(`the issuer issued a token within ${result.milliseconds} ms. It ${expiry}${granted}`)
}

/** Claims whose values decide whether an API accepts a token. Of the others, only the names are printed. */
const SHOWN_CLAIMS = ['iss', 'aud', 'sub', 'client_id', 'azp', 'scope', 'scp', 'iat', 'exp']

/** Lists the claims of the token, and never the token. */
function checkTokenContent({ result }: InspectedSource): Finding {
  if (!('info' in result)) return skipped(NO_TOKEN)
  const claims = claimsOf(result.info.token)
  if (claims === undefined) return passed('the token is opaque: only its issuer knows its content')
  const shown = SHOWN_CLAIMS.filter((name) => Object.hasOwn(claims, name))
  const others = Object.keys(claims).filter((name) => !SHOWN_CLAIMS.includes(name))
  const values = shown.map((name) => `${name} ${quote(ownMember(claims, name))}`)
  return passed([...values, ...(others.length === 0 ? [] : [`other claims ${quote(others)}`])].join(', '))
}

/** The payload of a JWT, unverified; `undefined` for another token. */
function claimsOf(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature] = token.split('.')
  if (payload === undefined || signature === undefined) return undefined
  const claims = parseJson(Buffer.from(payload, 'base64url').toString())
  return isRecord(claims) ? claims : undefined
}

/** Whether the guard of the API accepts the token. */
async function checkTokenAccepted(
  { result }: InspectedSource,
  guard: GuardOfTokens | undefined,
): Promise<Finding> {
  if (!('info' in result)) return skipped(NO_TOKEN)
  if (guard === undefined) return skipped('set --guard to the config of the API that the token is for')
  const { outcome, refusal } = await guard.verifier.explain(result.info.token)
  if (refusal === undefined) return passed('the verifier accepts the token')
  const detail = `the verifier returns ${outcome}, ${refusal.reason}: ${refusal.detail ?? refusal.description}`
  const advice = adviceOn(refusal.reason)
  if (guard.isNamed) return failed(detail, advice)
  return warning(detail, `${advice} If the token is for another API, set --guard to the config of that API.`)
}
