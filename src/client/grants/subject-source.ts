import { createAuthenticator } from '../../authentication/authenticator.js'
import { createTransport } from '../../http/transport/transport.js'
import type { Reader, Result, TableOf } from '../../options/reader.js'
import { createSource } from '../create-source.js'
import { TOKEN_ENDPOINT_OPTIONS, tokenEndpointOf, type TokenEndpointOptions } from '../issuer-options.js'
import { SOURCE_OPTIONS, type CommonTokenSourceOptions } from '../source-options.js'
import type { TokenSource } from '../source.js'
import { TOKEN_REQUEST_OPTIONS, tokenParameters, type TokenRequestOptions } from '../token-request.js'
import { clientIdentity } from './identity.js'
import { OAuthGrant, type OAuthGrantSettings } from './oauth-grant.js'
import { subjectReader } from './subject.js'

/** Options of every source whose grant uses another token. */
export interface SubjectSourceOptions
  extends CommonTokenSourceOptions, TokenRequestOptions, TokenEndpointOptions {}

/** Readers of {@link SubjectSourceOptions}. */
export const SUBJECT_SOURCE_OPTIONS = {
  ...SOURCE_OPTIONS,
  ...TOKEN_REQUEST_OPTIONS,
  ...TOKEN_ENDPOINT_OPTIONS,
} satisfies TableOf<SubjectSourceOptions>

/** The grant of a source that uses another token. */
interface SubjectGrant extends Pick<OAuthGrantSettings, 'readGrant' | 'grantNames'> {
  /** Name of the other token in a request. */
  readonly subjectName: string
  readonly subjectOption: Reader<string | undefined>
  /** Whether the source has such a token itself, so that a request needs none. */
  readonly hasSubject: boolean
}

/** Creates a token source whose grant uses another token, which a request may contain. */
export function createSubjectSource(
  where: string,
  settings: Result<typeof SUBJECT_SOURCE_OPTIONS>,
  { subjectName, subjectOption, hasSubject, ...grant }: SubjectGrant,
): TokenSource {
  const hasFetch = settings.fetch !== undefined
  const authentication = createAuthenticator(settings, { where, fallback: 'basic', hasFetch })
  const transport = createTransport(settings.fetch)
  const { parameters, assumedLifetime, tokenType, clockSkew, deadline: deadlineSeconds, clock } = settings
  return createSource(
    {
      where,
      defaults: tokenParameters(settings),
      requestOptions: { ...TOKEN_REQUEST_OPTIONS, [subjectName]: subjectOption },
      subjectOf: subjectReader(subjectName, hasSubject),
      renewNonExpiringAfter: 0,
      grant: new OAuthGrant({
        ...grant,
        identity: clientIdentity(where, settings),
        endpoint: tokenEndpointOf(where, settings, authentication),
        authentication,
        parameters,
        assumedLifetime,
        tokenType,
        clockSkew,
        deadlineSeconds,
        transport,
        clock,
      }),
      transport,
    },
    settings,
  )
}
