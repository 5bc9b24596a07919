import type { Transport } from '../../http/transport/transport.js'
import { REMOTE_OPTIONS } from '../../introspection/options.js'
import type { SharedCalls } from '../../introspection/call-limits.js'
import type { DocumentOutages } from '../../keys/document-outages.js'
import { KEY_SETTINGS } from '../../keys/options.js'
import type { SharedKeyLimits } from '../../keys/remote-key-set.js'
import type { Issuer } from '../../model/issuer/issuer.js'
import type { RequestHeaders } from '../../model/issuer/issuer-settings.js'
import type { RemoteProfile } from '../../model/issuer/remote-profile.js'
import type { KeySettings } from '../../model/issuer/issuer-settings.js'
import { readOptions } from '../../options/read-options.js'
import type { AnswersInternals } from '../../store/answers.js'
import type { IssuerObservers, IssuerReports } from '../../telemetry/issuer-events.js'
import type { UrlTemplate } from '../../util/url/url-template.js'

/** What a verifier passes to all its issuers. */
export interface ConnectionContext extends IssuerObservers {
  /** Introspection results that several processes share; `undefined` without the option `answers`. */
  readonly answers?: AnswersInternals | undefined
}

/** Settings shared by all clients of the issuer. */
export interface ConnectionSettings extends IssuerReports {
  readonly transport: Transport
  /** Template of `iss`, if the issuer is a tenant. */
  readonly template: UrlTemplate | undefined
  /** Limits that the keys of a tenant share with others; `undefined` if the issuer is not a tenant. */
  readonly keyLimits: SharedKeyLimits | undefined
  /** What the calls of a tenant share with others; `undefined` if the issuer is not a tenant. */
  readonly shared: SharedCalls | undefined
  /** Reports outages of the keys and the discovery document as one. */
  readonly outages: DocumentOutages
  /** Settings of key fetching, with defaults. */
  readonly keyOptions: KeySettings
  /** How tokens are introspected, with default settings. */
  readonly remote: RemoteProfile | undefined
  /** Prefix of the issuer's opaque tokens. */
  readonly opaquePrefix: string | undefined
  /** The `iss` of the issuer's JWTs. */
  readonly jwtIssuer: string | undefined
  /** Hosts for which `http:` is allowed. */
  readonly insecureHosts: readonly string[]
  /** Headers of the requests for the discovery document. */
  readonly metadataHeaders: RequestHeaders | undefined
}

/** Reads the key options, with the same checks and defaults for custom issuers as for built-in ones. */
export function keyOptionsOf(where: string, { jwt, remote: profile }: Issuer): KeySettings {
  const source = jwt?.keys
  const remote = source?.kind === 'remote' || source?.kind === 'discovery' ? source : undefined
  if (remote === undefined) {
    const { discoveryOptions = {} } = profile ?? {}
    return readOptions(`${where}.remote.discoveryOptions`, discoveryOptions, KEY_SETTINGS)
  }
  const { options = {} } = remote
  return readOptions(`${where}.jwt.keys.options`, options, KEY_SETTINGS)
}

/** The headers of the discovery document: those of the keys if both are discovered. */
export function metadataHeadersOf({ jwt, remote }: Issuer): RequestHeaders | undefined {
  const source = jwt?.keys
  return source?.kind === 'discovery' ? source.headers : remote?.discoveryHeaders
}

export function remoteOf(where: string, profile: RemoteProfile | undefined): RemoteProfile | undefined {
  if (profile === undefined) return undefined
  const { options = {} } = profile
  return {
    endpoint: profile.endpoint,
    options: readOptions(`${where}.remote.options`, options, REMOTE_OPTIONS),
    request: (token, context) => profile.request(token, context),
    caller: profile.caller,
    ...(profile.readCredential && { readCredential: profile.readCredential.bind(profile) }),
    read: (response, token) => profile.read(response, token),
    ...(profile.readConfirmation && { readConfirmation: profile.readConfirmation.bind(profile) }),
  }
}
